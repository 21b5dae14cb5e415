import type { Actions } from "./expression.ts";
import { ring, type Projection } from "./head.ts";
import type { Mask, Paint, Raster } from "./raster.ts";
import type { Point } from "./shapes.ts";
import type { Light, Traits } from "./traits.ts";

/** The values that determine the features of one face. */
export interface Face {
  readonly traits: Traits;
  readonly actions: Actions;
  readonly light: Light;
  readonly project: Projection;
  /** Half the head's width, in pixels. */
  readonly scale: number;
  /** Mask of the head's skin. */
  readonly skin: Mask;
}

const SIDES = [-1, 1] as const;

/** Draws a curve over `steps` + 1 equal steps of t from -1 to 1. */
function curve(steps: number, at: (t: number) => Point): Point[] {
  return Array.from({ length: steps + 1 }, (_, i) => at((2 * i) / steps - 1));
}

/** Distance of the chin below its position at rest, in half head widths. */
export function jawOf(actions: Actions): number {
  return 0.24 * actions.jawDrop - 0.03 * actions.chinRaise;
}

/** Draws brows and the folds between and above them. */
export function paintBrows(raster: Raster, face: Face): void {
  const { traits, actions, project, scale, skin } = face;
  const { innerBrowRaise, outerBrowRaise, browLower } = actions;
  const thickness = traits.browThickness * scale;
  const together = 0.09 * browLower;
  for (const side of SIDES) {
    const brow = curve(8, (t) => {
      const along = (t + 1) / 2;
      const inner = (1 - along) ** 1.5;
      const outer = along ** 1.5;
      const x = side * (0.17 - together + (0.52 + together) * along);
      const raised = 0.23 * innerBrowRaise * inner + 0.16 * outerBrowRaise * (0.35 + outer * 0.65);
      const lowered = 0.2 * browLower * (0.25 + 0.75 * inner);
      const arch = traits.browArch * (1 - t * t) - 0.05 * outer;
      return project(x, traits.browHeight - raised + lowered - arch);
    });
    const widths = [0.9, 1, 1, 1, 0.95, 0.9, 0.75, 0.55, 0.3].map((share) => share * thickness);
    raster.stroke(brow, widths, { value: traits.hair, alpha: 0.9, soft: 1, within: skin });
  }
  const crease: Paint = { value: traits.skin * 0.35, alpha: 0, soft: 0.9, within: skin };
  const frown = 0.75 * traits.wrinkles * Math.max(0, browLower - 0.3 * innerBrowRaise);
  for (const side of SIDES) {
    const line = [project(side * 0.07, -0.58), project(side * 0.05, -0.36)];
    raster.stroke(line, [0.04 * scale], { ...crease, alpha: Math.min(0.8, frown) });
  }
  const forehead = Math.min(0.6, 0.5 * traits.wrinkles * innerBrowRaise);
  for (const y of [-0.74, -0.86]) {
    const width = 0.3 + 0.3 * outerBrowRaise;
    const bend = 0.06 * (innerBrowRaise - outerBrowRaise);
    const line = curve(6, (t) => project(t * width, y - bend * (1 - t * t)));
    raster.stroke(line, [0.03 * scale], { ...crease, alpha: forehead });
  }
}

/** Draws eyes with their sockets, lids and irises. */
export function paintEyes(raster: Raster, face: Face, gaze: Point): void {
  const { traits, actions, project, scale, skin } = face;
  const size = traits.eyeSize;
  const squeeze = 0.45 * actions.lidTighten + 0.3 * actions.cheekRaise + 0.2 * actions.noseWrinkle;
  const upper =
    size *
    Math.max(0.02, 0.11 + 0.075 * actions.lidRaise - 0.09 * actions.lidDroop - 0.075 * squeeze);
  const lower = size * Math.max(0.01, 0.075 + 0.03 * actions.lidRaise - 0.07 * squeeze);
  const dark = traits.skin * 0.3;
  const sag = 0.04 * actions.lidDroop * 1 + 0.05 * actions.innerBrowRaise * actions.lidDroop;
  for (const side of SIDES) {
    const centreX = side * traits.eyeDistance;
    const half = 0.2 * size;
    const lid = (t: number, opening: number, lift = 0) =>
      project(
        centreX + t * half,
        -0.14 + traits.eyeSlant * side * t + sag * side * t - opening * (1 - t * t) ** 0.75 - lift,
      );
    raster.spot(project(centreX, -0.17), [0.24 * scale, 0.16 * scale], {
      value: traits.skin * 0.45,
      alpha: 0.3,
      within: skin,
    });
    const top = curve(10, (t) => lid(t, upper));
    const bottom = curve(10, (t) => lid(-t, -lower));
    const opening = raster.mask([...top, ...bottom], 0.6);
    raster.shade(() => 0.35 + 0.5 * traits.skin + 0.1, opening);
    const irisCentre: Point = [centreX + gaze[0] * 0.05, -0.15 + gaze[1] * 0.02];
    const disc = (radius: number) =>
      ring(14, (angle) =>
        project(irisCentre[0] + radius * Math.cos(angle), irisCentre[1] + radius * Math.sin(angle)),
      );
    raster.fill(disc(0.095), { value: traits.iris, within: opening });
    raster.fill(disc(0.04), { value: 0.02, within: opening });
    raster.spot(project(irisCentre[0] - 0.03, irisCentre[1] - 0.04), [0.4, 0.4], {
      value: 1,
      alpha: 0.7,
      within: opening,
    });
    raster.stroke(top, [0.035 * scale, 0.05 * scale], {
      value: dark * 0.5,
      alpha: 0.85,
      soft: 0.8,
    });
    raster.stroke(bottom, [0.02 * scale], { value: dark, alpha: 0.45, soft: 0.8 });
    const fold = curve(8, (t) => lid(t, upper + 0.055, 0.01));
    raster.stroke(fold, [0.025 * scale], { value: dark, alpha: 0.4, soft: 0.9 });
    const bag = Math.min(0.6, traits.wrinkles * (0.1 + 0.5 * actions.cheekRaise));
    const under = curve(6, (t) => lid(t * 0.9, -lower - 0.09));
    raster.stroke(under, [0.03 * scale], { value: dark, alpha: bag, soft: 1, within: skin });
    const crow = Math.min(0.6, 0.6 * traits.wrinkles * actions.cheekRaise);
    for (const tilt of [-0.06, 0.03]) {
      const corner = centreX + side * (half + 0.05);
      const line = [
        project(corner, -0.13 + tilt / 2),
        project(corner + side * 0.13, -0.13 + tilt * 2),
      ];
      raster.stroke(line, [0.02 * scale], { value: dark, alpha: crow, soft: 0.9, within: skin });
    }
  }
}

/** Draws the nose: a lit and a shaded flank, nostrils, and wrinkles across the bridge. */
export function paintNose(raster: Raster, face: Face): void {
  const { traits, actions, light, project, scale, skin } = face;
  const up = 0.06 * actions.noseWrinkle + 0.03 * actions.upperLipRaise;
  const tip = traits.noseLength - up;
  const width = traits.noseWidth * (1 + 0.2 * actions.noseWrinkle + 0.1 * actions.cornerPull);
  for (const side of SIDES) {
    const lit = light.direction[0] * side > 0;
    const flank = [
      project(side * 0.09, -0.2, 0.05),
      project(side * 0.1, 0.05, 0.1),
      project(side * width * 0.85, tip, 0.1),
    ];
    raster.stroke(flank, [0.06 * scale, 0.09 * scale, 0.12 * scale], {
      value: lit ? Math.min(1, traits.skin * 1.15) : traits.skin * 0.45,
      alpha: 0.15 + 0.3 * Math.abs(light.direction[0]),
      soft: 2,
      within: skin,
    });
    const wing = [
      project(side * width * 0.95, tip - 0.08, 0.05),
      project(side * width * 1.1, tip + 0.03, 0.05),
      project(side * width * 0.75, tip + 0.08, 0.1),
    ];
    raster.stroke(wing, [0.03 * scale], { value: traits.skin * 0.35, alpha: 0.5, soft: 1 });
    const nostril = [
      project(side * width * 0.35, tip + 0.09, 0.2),
      project(side * width * 0.65, tip + 0.07, 0.17),
    ];
    raster.stroke(nostril, [0.06 * scale], { value: traits.skin * 0.15, alpha: 0.75, soft: 1 });
  }
  raster.spot(project(0, tip - 0.02, 0.25), [0.07 * scale, 0.07 * scale], {
    value: Math.min(1, traits.skin * 1.25),
    alpha: 0.4,
  });
  const wrinkle = Math.min(0.7, 0.7 * actions.noseWrinkle);
  for (const y of [-0.14, -0.05, 0.03]) {
    const line = curve(4, (t) => project(0.14 * t, y + 0.03 * t * t, 0.08));
    raster.stroke(line, [0.03 * scale], { value: traits.skin * 0.3, alpha: wrinkle, soft: 0.9 });
  }
}

/** Draws raised cheeks and the folds from the nose to the mouth's corners. */
export function paintCheeks(raster: Raster, face: Face): void {
  const { traits, actions, project, scale, skin } = face;
  const raised = Math.max(actions.cheekRaise, 0.6 * actions.cornerPull);
  const smile = Math.max(actions.cornerPull, 0);
  const sneer = Math.max(actions.upperLipRaise, actions.noseWrinkle);
  for (const side of SIDES) {
    raster.spot(project(side * 0.58, 0.2), [0.17 * scale, 0.13 * scale], {
      value: Math.min(1, traits.skin * 1.3),
      alpha: 0.4 * raised,
      within: skin,
    });
    const depth = 0.15 + 0.55 * smile + 0.6 * sneer + 0.15 * actions.cornerDrop;
    const bow = 0.12 * smile - 0.02 * sneer;
    const fold = curve(6, (t) => {
      const along = (t + 1) / 2;
      const x = 0.24 + 0.28 * along + bow * (1 - t * t);
      return project(side * x, 0.25 + 0.36 * along - 0.08 * smile * along);
    });
    raster.stroke(fold, [0.03 * scale, 0.05 * scale], {
      value: traits.skin * 0.4,
      alpha: Math.min(0.75, depth * (0.5 + 0.5 * traits.wrinkles)),
      soft: 1.2,
      within: skin,
    });
  }
}

/** Draws lips, the open mouth with its teeth, and the chin's crease. */
export function paintMouth(raster: Raster, face: Face): void {
  const { traits, actions, project, scale } = face;
  const { cornerPull, cornerDrop, lipStretch, lipPress, upperLipRaise, jawDrop, round } = actions;
  const wide = 1 + 0.32 * cornerPull + 0.25 * lipStretch - 0.12 * lipPress - 0.22 * round * jawDrop;
  const half = traits.mouthWidth * wide;
  const corner = traits.mouthRest - 0.17 * cornerPull + 0.18 * cornerDrop + 0.03 * lipStretch;
  const gap = Math.max(
    0,
    (0.4 + 0.14 * round) * jawDrop * (1 - 0.15 * cornerPull) +
      0.06 * upperLipRaise -
      0.08 * lipPress,
  );
  const thickness =
    traits.lipThickness * (1 - 0.65 * Math.min(1, lipPress)) * (1 - 0.2 * lipStretch);
  const centre = 0.62 - 0.04 * actions.chinRaise * (1 - jawDrop);
  const rise = 0.1 * upperLipRaise + 0.25 * gap - 0.03 * cornerDrop;
  const power = 1 - 0.5 * round;
  const bend = (t: number, middle: number) => {
    const share = Math.max(0, 1 - t * t) ** power;
    return centre + corner * (1 - share) + middle * share;
  };
  // The upper lip dips in the middle and peaks beside it.
  const bow = (t: number) => 1 - 0.35 * Math.exp(-((t / 0.18) ** 2));
  const upperOuter = (t: number) =>
    project(t * half * 1.06, bend(t, -rise - thickness * bow(t)), 0.08);
  const upperInner = (t: number) => project(t * half, bend(t, -rise), 0.08);
  const lowerInner = (t: number) => project(t * half, bend(t, gap - rise + 0.01), 0.08);
  const lowerOuter = (t: number) =>
    project(t * half * 1.06, bend(t, gap - rise + thickness * 1.25), 0.08);
  const between = (top: (t: number) => Point, bottom: (t: number) => Point) => [
    ...curve(14, top),
    ...curve(14, (t) => bottom(-t)),
  ];
  const lips = traits.skin * (1 - 0.9 * traits.lipContrast);
  raster.fill(between(upperOuter, upperInner), { value: lips * 0.85, soft: 0.8 });
  raster.fill(between(lowerInner, lowerOuter), { value: lips * 1.05, soft: 0.8 });
  const inside = raster.mask(between(upperInner, lowerInner), 0.6);
  raster.shade(() => 0.06, inside);
  const teeth = Math.min(gap * 0.75, 0.13);
  const teethShown =
    cornerPull + upperLipRaise + lipStretch * 0.8 > 0.35 || round < 0.2 ? 0.85 : 0.3;
  const teethEdge = (t: number) => project(t * half * 0.93, bend(t * 0.93, -rise + teeth), 0.08);
  raster.fill(between(upperInner, teethEdge), { value: teethShown, within: inside, soft: 0.8 });
  const line = curve(14, (t) => project(t * half * 1.04, bend(t, -rise + 0.3 * gap), 0.08));
  const shut = Math.max(0, 1 - gap / 0.08);
  raster.stroke(line, [0.02 * scale, 0.045 * scale], {
    value: traits.skin * 0.15,
    alpha: 0.85 * shut,
    soft: 0.8,
  });
  for (const side of SIDES) {
    raster.spot(project(side * half * 1.08, centre + corner), [0.05 * scale, 0.05 * scale], {
      value: traits.skin * 0.3,
      alpha: 0.35 + 0.3 * Math.max(cornerPull, cornerDrop),
    });
  }
  const chin = centre + gap + 0.26;
  const crease = curve(6, (t) => project(0.22 * t, chin + 0.05 * t * t));
  raster.stroke(crease, [0.05 * scale], {
    value: traits.skin * 0.4,
    alpha: Math.min(0.6, 0.15 + 0.45 * actions.chinRaise),
    soft: 1.5,
  });
}
