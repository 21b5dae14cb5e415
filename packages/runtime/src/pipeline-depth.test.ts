import { describe, expect, it } from "vitest";
import type { FrameInput } from "./image/picture.ts";
import { depthScene, type Object3d } from "./testing/depth.ts";
import { paint } from "./testing/pictures.ts";
import { run } from "./testing/run-pipeline.ts";

describe("a pipeline with depth", () => {
  /** A spot where the object is. */
  function frameOf(object: Object3d, z: number, seed: number): FrameInput {
    const { depth, box } = depthScene(object, z, seed);
    const centreX = box[0] + box[2] / 2;
    const centreY = box[1] + box[3] / 2;
    const picture = paint(640, 480, (x, y) =>
      Math.abs(x - centreX) < box[2] / 2 && Math.abs(y - centreY) < box[3] / 2
        ? [255, 255, 255]
        : [0, 0, 0],
    );
    return { ...picture, index: seed, timeMs: seed * 33, depth };
  }

  it("rejects a flat photograph with the reason, and keeps it on request", async () => {
    const flat = frameOf("flat", 1.3, 1);
    const [result] = await run({ stills: true, rejected: true }, [flat]);
    expect(result!.faces).toEqual([]);
    expect(result!.rejected!.map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(/^flat: .* from a plane at 1\.3\d m/),
    );
    const [told] = await run({ stills: true, flat: "tell" }, [flat]);
    expect(told!.faces[0]).toMatchObject({
      relief: "flat",
      distanceMm: expect.any(Number) as number,
    });
    const [off] = await run({ stills: true, flat: "off" }, [flat]);
    expect(off!.faces[0]).toMatchObject({ relief: "unknown" });
  });

  it("keeps a head, with its distance", async () => {
    const [result] = await run({ stills: true, rejected: true }, [frameOf("head", 1.3, 2)]);
    const [face] = result!.faces;
    expect(face).toMatchObject({ relief: "face" });
    expect(Math.abs(face!.distanceMm! - 1300)).toBeLessThan(60);
  });
});
