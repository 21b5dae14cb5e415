import type { Random } from "@mien/format";

/** The traits of one drawn person, independent of the expression. */
export interface Traits {
  /** Grey value of skin, 0 (black) to 1 (white). */
  readonly skin: number;
  /** Grey value of hair and brows. */
  readonly hair: number;
  /**
   * Half the width of the head; 1 is the average. The lengths below are those of an average head, and
   * are scaled with the head.
   */
  readonly headWidth: number;
  readonly headHeight: number;
  /** How much the chin narrows, 0–1. */
  readonly chinTaper: number;
  /** Lower edge of the hair on the forehead; -1.3 is the crown, -0.6 just above the brows. */
  readonly hairline: number;
  readonly hairVolume: number;
  readonly eyeDistance: number;
  readonly eyeSize: number;
  /** Outer corners up (negative) or down. */
  readonly eyeSlant: number;
  readonly iris: number;
  readonly browHeight: number;
  readonly browThickness: number;
  readonly browArch: number;
  readonly noseWidth: number;
  readonly noseLength: number;
  readonly mouthWidth: number;
  readonly lipThickness: number;
  /** Mouth corners at rest: up (negative) or down. */
  readonly mouthRest: number;
  /** Lip darkness against the skin, 0–1. */
  readonly lipContrast: number;
  /** 0 for none to 1 for deep. */
  readonly wrinkles: number;
  /** Darkness of a beard, 0 for none. */
  readonly beard: number;
}

/** Draws the traits of a person at random. */
export function drawTraits(stream: Random): Traits {
  const around = (mean: number, deviation: number) =>
    mean + deviation * Math.min(2.2, Math.max(-2.2, stream.normal()));
  const skin = stream.between(0.35, 0.85);
  const fair = stream.uniform() < 0.25;
  return {
    skin,
    hair: fair ? stream.between(0.5, 0.85) * skin : stream.between(0.04, 0.3),
    headWidth: around(1, 0.06),
    headHeight: around(1, 0.06),
    chinTaper: stream.between(0.1, 0.4),
    hairline: around(-0.92, 0.13),
    hairVolume: stream.between(1.02, 1.35),
    eyeDistance: around(0.43, 0.03),
    eyeSize: around(1, 0.12),
    eyeSlant: around(0, 0.025),
    iris: stream.between(0.03, 0.35),
    browHeight: around(-0.44, 0.035),
    browThickness: stream.between(0.08, 0.15),
    browArch: around(0.06, 0.03),
    noseWidth: around(0.2, 0.035),
    noseLength: around(0.3, 0.05),
    mouthWidth: around(0.36, 0.04),
    lipThickness: stream.between(0.06, 0.13),
    mouthRest: around(0, 0.018),
    lipContrast: stream.between(0.15, 0.5),
    wrinkles: stream.between(0.2, 1),
    beard: stream.uniform() < 0.2 ? stream.between(0.3, 0.75) : 0,
  };
}

/** Pose of the head relative to the camera. */
export interface Pose {
  /** To the side, in radians. */
  readonly yaw: number;
  /** Up (negative) and down, in radians. */
  readonly pitch: number;
  /** In the picture's plane, in radians. */
  readonly roll: number;
  /** Half the width of an average head in the picture, in pixels. */
  readonly scale: number;
  /** Position of the point between the eyes and the nose, in pixels. */
  readonly centre: readonly [number, number];
}

/** Draws a pose. @param size side of the picture in pixels. */
export function drawPose(size: number, stream: Random): Pose {
  const within = (limit: number) => stream.between(-limit, limit);
  return {
    yaw: within(0.25),
    pitch: within(0.15),
    roll: within(0.15),
    scale: size * stream.between(0.43, 0.52),
    centre: [size * (0.5 + within(0.045)), size * (0.49 + within(0.045))],
  };
}

/** Direction and hardness of the light. */
export interface Light {
  /** Unit vector towards the light: x right, y down, z to the viewer. */
  readonly direction: readonly [number, number, number];
  /** Brightness where no light reaches, as a share of full light. */
  readonly ambient: number;
}

/** Draws a light, mostly from above and in front. */
export function drawLight(stream: Random): Light {
  const [x, y, z] = [stream.between(-1, 1), stream.between(-1, 0.3), stream.between(0.5, 1.2)];
  const length = Math.sqrt(x * x + y * y + z * z);
  return { direction: [x / length, y / length, z / length], ambient: stream.between(0.4, 0.8) };
}
