import { describe, expect, it } from "vitest";
import { enrol } from "./people/enrol.ts";
import { FaceDetector } from "./detect/face-detector.ts";
import type { FrameInput } from "./image/picture.ts";
import { People } from "./people/people.ts";
import { openEmbedding } from "./people/recogniser.ts";
import { colourModel, spotModel } from "./testing/models.ts";
import { paint } from "./testing/pictures.ts";
import { run, runTogether, withoutTimings } from "./testing/run-pipeline.ts";

describe("a pipeline with people", () => {
  const faceOf = (colour: readonly [number, number, number], at = 64) =>
    paint(416, 320, (x, y) =>
      x >= at && x < at + 32 && y >= 96 && y < 128
        ? [255, 255, 255]
        : Math.abs(x - at - 16) < 40 && Math.abs(y - 112) < 60
          ? colour
          : [0, 0, 0],
    );
  const red = (i: number) => [150 + i, 40, 40] as const;
  const blue = (i: number) => [40, 40, 150 + i] as const;
  const green = [30, 130, 30] as const;

  it("names an enrolled person in every frame, and a stranger in none", async () => {
    const recogniser = await openEmbedding(colourModel());
    const people = new People(recogniser);
    const detector = await FaceDetector.open(spotModel());
    for (const [name, colour] of [
      ["Red", red],
      ["Blue", blue],
    ] as const) {
      const nothing = paint(64, 64, () => [0, 0, 0]);
      const pictures = [...[0, 3, 6, 9].map((i) => faceOf(colour(i))), nothing];
      const { person, withoutFace } = await enrol(people, name, { pictures, detector });
      expect(person.features).toHaveLength(4);
      expect(withoutFace).toEqual([4]);
    }
    await expect(
      enrol(people, "Nobody", { pictures: [paint(64, 64, () => [0, 0, 0])], detector }),
    ).rejects.toMatchObject({ code: "bad-image" });
    await detector.close();
    const timed = (picture: FrameInput, i: number) => ({ ...picture, index: i, timeMs: 33 * i });
    const frames = Array.from({ length: 20 }, (_, i) => timed(faceOf(red(4)), i));
    const known = await run({ people }, frames);
    const names = known.map(({ faces }) => faces[0]?.person?.name);
    expect(names).toEqual(names.map(() => "Red"));
    const strange = await run(
      { people },
      frames.map((_, i) => timed(faceOf(green), i)),
    );
    expect(strange.flatMap(({ faces }) => faces.map(({ person }) => person))).toEqual(
      frames.map(() => null),
    );
    expect(withoutTimings(await runTogether({ people, background: true }, frames))).toEqual(
      withoutTimings(known),
    );
    await recogniser.close();
  });
});
