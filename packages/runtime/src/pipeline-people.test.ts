import { describe, expect, it } from "vitest";
import { enrol } from "./people/enrol.ts";
import { FaceDetector } from "./detect/face-detector.ts";
import type { FrameInput } from "./image/picture.ts";
import { createPipeline } from "./pipeline.ts";
import { People } from "./people/people.ts";
import { openEmbedding } from "./people/recogniser.ts";
import { colourModel, halvesModel, spotModel } from "./testing/models.ts";
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

  it("names nobody after their removal, not even in frames that are being processed, and keeps the track", async () => {
    const recogniser = await openEmbedding(colourModel());
    const people = new People(recogniser);
    const pictures = [0, 3, 6, 9].map((i) => faceOf(red(i)));
    const detector = await FaceDetector.open(spotModel());
    await enrol(people, "Red", { pictures, detector });
    await enrol(people, "Blue", { pictures: [0, 3, 6].map((i) => faceOf(blue(i))), detector });
    await detector.close();
    const pipeline = await createPipeline({
      expression: halvesModel(),
      detector: spotModel(),
      people,
    });
    const frame = (i: number) => ({ ...faceOf(red(4)), index: i, timeMs: 33 * i });
    const before = await pipeline.process(frame(0));
    expect(before.faces).toMatchObject([{ track: 1, person: { name: "Red" } }]);
    for (let i = 1; i < 10; i++) {
      let isDone = false;
      const running = pipeline.process(frame(i)).finally(() => (isDone = true));
      // The removal falls into another moment of the processing each time.
      for (let turn = 0; turn < i; turn++) await new Promise(setImmediate);
      const removed = people.list().find(({ name }) => name === "Red")!;
      const wasDone = isDone;
      people.remove("Red");
      // A frame that was finished before the removal may have the name.
      const named = (await running).faces.map(({ person }) => person?.name);
      expect(named).toEqual([wasDone ? "Red" : undefined]);
      const next = await pipeline.process(frame(i));
      expect(next.faces).toMatchObject([{ track: 1, person: null }]);
      people.add("Red", removed.features);
      const again = await pipeline.process(frame(i));
      expect(again.faces).toMatchObject([{ track: 1, person: { name: "Red" } }]);
    }
    await pipeline.close();
    await recogniser.close();
  });
});
