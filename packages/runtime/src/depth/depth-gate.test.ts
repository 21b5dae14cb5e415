import { describe, expect, it } from "vitest";
import { judgeRelief, type Relief } from "./depth-gate.ts";
import { planeResidual } from "./plane-fit.ts";
import { leastBulge } from "./quadric-fit.ts";
import { depthScene, type Object3d } from "../testing/depth.ts";

const SCENES = 10;
const known = new Map<string, Relief[]>();

function verdicts(object: Object3d, z: number): readonly Relief[] {
  const key = `${object} ${z}`;
  const judged =
    known.get(key) ??
    Array.from({ length: SCENES }, (_, seed) => {
      const { depth, box } = depthScene(object, z, seed);
      return judgeRelief(depth, box, depth);
    });
  known.set(key, judged);
  return judged;
}

describe("the depth gate", () => {
  it("rejects flat and bent photographs and keeps heads, from 0.6 to 2 m", () => {
    for (const z of [0.6, 1, 1.5, 2]) {
      for (const { relief, distanceMm } of verdicts("head", z)) {
        expect(relief).toBe("face");
        expect(Math.abs(distanceMm! - 1000 * z)).toBeLessThan(60);
      }
      for (const object of ["flat", "bent"] as const) {
        for (const { relief, reason } of verdicts(object, z)) {
          expect(relief).toBe("flat");
          expect(reason).toMatch(
            /^(flat: \d\.\d mm from a plane|bent: straight or hollow in one direction) at \d\.\d\d m$/,
          );
        }
      }
    }
  });

  it("stays a quarter away from its limits, and needs both of them", () => {
    const [flatBelow, bentBelow] = [4, 6];
    const bentOnly: number[] = [];
    for (const z of [0.6, 1, 1.5, 2]) {
      for (const { residualMm, bulgeMm } of verdicts("head", z)) {
        expect(residualMm).toBeGreaterThan(1.25 * flatBelow);
        expect(bulgeMm).toBeGreaterThan(1.25 * bentBelow);
      }
      for (const { residualMm } of verdicts("flat", z)) {
        expect(residualMm).toBeLessThan(0.75 * flatBelow);
      }
      for (const { bulgeMm, residualMm } of verdicts("bent", z)) {
        expect(bulgeMm).toBeLessThan(0.75 * bentBelow);
        if (residualMm! > flatBelow) bentOnly.push(residualMm!);
      }
    }
    expect(bentOnly.length).toBeGreaterThan(10);
  });

  it("does not know beyond 2.5 m, and says so", () => {
    for (const object of ["head", "flat", "bent"] as const) {
      for (const { relief, distanceMm } of verdicts(object, 3)) {
        expect(relief).toBe("unknown");
        expect(distanceMm).toBeGreaterThan(2500);
      }
    }
  });

  it("rejects what is too large or too small for a face at its distance", () => {
    const { depth, box } = depthScene("head", 1, 1);
    const [x, y, width, height] = box;
    const poster = judgeRelief(depth, [x - width, y - height, 3 * width, 3 * height], depth);
    expect(poster.relief).toBe("flat");
    expect(poster.reason).toMatch(/^size: \d{3,4} mm wide at /);
    const doll = judgeRelief(
      depth,
      [x + 0.4 * width, y + 0.4 * height, width / 4, height / 4],
      depth,
    );
    expect(doll.reason).toMatch(/^size: \d\d mm wide at /);
  });

  it("knows nothing where there is no depth, and needs more than a third", () => {
    const { depth, box } = depthScene("head", 1, 2);
    const dark = { ...depth, millimetres: new Uint16Array(depth.millimetres.length) };
    expect(judgeRelief(dark, box, depth)).toMatchObject({ relief: "unknown", distanceMm: null });
    const sparse = {
      ...depth,
      millimetres: depth.millimetres.map((z, i) => (i % 4 === 0 ? z : 0)),
    };
    expect(judgeRelief(sparse, box, depth).relief).toBe("unknown");
    const half = { ...depth, millimetres: depth.millimetres.map((z, i) => (i % 2 === 0 ? z : 0)) };
    expect(judgeRelief(half, box, depth).relief).toBe("face");
    expect(judgeRelief(depth, [-500, -500, 90, 120], depth).relief).toBe("unknown");
  });

  it("takes a frame whose size differs from the depth map's", () => {
    const { depth, box } = depthScene("head", 1.2, 3);
    const frame = { width: depth.width * 2, height: depth.height * 2 };
    const doubled = box.map((value) => value * 2) as unknown as typeof box;
    expect(judgeRelief(depth, doubled, frame)).toEqual(judgeRelief(depth, box, depth));
  });
});

describe("the plane fit", () => {
  const grid = (z: (x: number, y: number) => number) =>
    Array.from({ length: 81 }, (_, i) => {
      const [x, y] = [(i % 9) / 4 - 1, Math.floor(i / 9) / 4 - 1];
      return { x, y, z: z(x, y), weight: 1 + (i % 3) };
    });

  it("leaves nothing of a tilted plane, which is linear in 1/Z", () => {
    expect(planeResidual(grid((x, y) => 1 / (0.001 + 0.0001 * x - 0.0002 * y)))).toBeLessThan(1e-6);
  });

  it("measures what sticks out", () => {
    const bump = grid((x, y) => 1000 + (Math.abs(x) + Math.abs(y) < 1e-9 ? -40 : 0));
    // One of 81 samples with weight 1 (i = 40) of 162.
    const expected = 40 * Math.sqrt((2 / 162) * (1 - 2 / 162));
    expect(planeResidual(bump)).toBeGreaterThan(0.9 * expected);
    expect(planeResidual(bump)).toBeLessThan(1.1 * expected);
  });

  it("has no answer for a handful of samples, or a line of them", () => {
    expect(planeResidual(grid(() => 1000).slice(0, 5))).toBe(Infinity);
    expect(planeResidual(grid(() => 1000).map((one) => ({ ...one, y: one.x })))).toBe(Infinity);
  });
});

describe("the quadric fit", () => {
  const surface = (z: (x: number, y: number) => number) =>
    Array.from({ length: 81 }, (_, i) => {
      const [x, y] = [(i % 9) / 4 - 1, Math.floor(i / 9) / 4 - 1];
      return { x, y, z: 1000 + z(x, y), weight: 1 + (i % 3) };
    });

  it("finds the direction in which a surface falls back least, wherever it points", () => {
    for (const angle of [0, 0.4, 1, 2]) {
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const turned = surface(
        (x, y) => 30 * (cos * x + sin * y) ** 2 + 12 * (cos * y - sin * x) ** 2 + 50 * x - 9 * y,
      );
      expect(leastBulge(turned)).toBeCloseTo(12, 6);
    }
  });

  it("finds none in a tilted or bent sheet, and less than none in a hollow", () => {
    expect(leastBulge(surface((x, y) => 40 * x - 70 * y))).toBeCloseTo(0, 6);
    expect(leastBulge(surface((x, y) => 25 * (x + y) ** 2 + 30 * x))).toBeCloseTo(0, 6);
    expect(leastBulge(surface((x, y) => -20 * x * x - 5 * y * y))).toBeCloseTo(-20, 6);
  });

  it("has no answer for a handful of samples, or a line of them", () => {
    expect(leastBulge([])).toBeNaN();
    expect(leastBulge(surface(() => 0).slice(0, 5))).toBeNaN();
    expect(leastBulge(surface(() => 0).map((one) => ({ ...one, y: one.x })))).toBeNaN();
  });
});
