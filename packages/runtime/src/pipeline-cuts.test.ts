import path from "node:path";
import { random } from "@mien/format";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { FaceDetector } from "./detect/face-detector.ts";
import { enrol } from "./people/enrol.ts";
import { People } from "./people/people.ts";
import { openEmbedding } from "./people/recogniser.ts";
import { DATA, DETECTOR, EMBEDDING } from "./testing/data.ts";
import { paint } from "./testing/pictures.ts";
import { run } from "./testing/run-pipeline.ts";

/** A room of dark blocks, with a bright spot, which the spot model takes for a face. */
function room(seed: number, light = 1) {
  const stream = random("room", seed);
  const values = Array.from({ length: 13 * 10 }, () => stream.between(5, 100));
  return paint(416, 320, (x, y) => {
    const isSpot = x >= 192 && x < 224 && y >= 128 && y < 160;
    const value = values[Math.floor(y / 32) * 13 + Math.floor(x / 32)] ?? 0;
    const seen = isSpot ? 255 : light * value;
    return [seen, seen, seen];
  });
}

/** A photograph of MIEN_DATA/faces as a frame of 640×480 pixels. */
async function photograph(name: string) {
  const { data, info } = await sharp(path.join(DATA!, "faces", `scene_${name}.jpg`))
    .toColourspace("srgb")
    .removeAlpha()
    .resize(640, 480, { fit: "cover", position: "top" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
}

describe("a pipeline at a film's cut", () => {
  it("ends the tracks, detects faces at once, and starts the confirmation anew", async () => {
    const frames = Array.from({ length: 50 }, (_, i) => ({
      ...room(i < 25 ? 1 : 2),
      index: i,
      timeMs: 33 * i,
    }));
    const results = await run({}, frames);
    const tracks = results.map(({ faces }) => faces.map(({ track }) => track));
    expect(tracks).toEqual(frames.map((_, i) => [i < 25 ? 1 : 2]));
    const confirmed = results.map(({ faces }) => faces[0]!.confirmed !== null);
    expect(confirmed.indexOf(true)).toBe(19);
    expect(confirmed.slice(25).indexOf(true)).toBe(19);
  });

  it("keeps the track if the light changes", async () => {
    const frames = [1, 1, 0.4, 0.4, 1, 1].map((light, i) => ({
      ...room(1, light),
      index: i,
      timeMs: 33 * i,
    }));
    const results = await run({}, frames);
    expect(results.map(({ faces }) => faces[0]?.track)).toEqual(frames.map(() => 1));
  });

  it.skipIf(DATA === undefined)(
    "has a track for each of five people in a film, and names one of them",
    async () => {
      const shown = ["obama", "biden", "astronaut", "johnsnow_test1", "linmanuel_miranda"];
      const pictures = await Promise.all(shown.map(photograph));
      const frames = pictures.flatMap((picture, shot) =>
        Array.from({ length: 6 }, (_, i) => ({
          ...picture,
          index: 6 * shot + i,
          timeMs: 33 * (6 * shot + i),
        })),
      );
      const people = new People(await openEmbedding(EMBEDDING));
      const detector = await FaceDetector.open(DETECTOR);
      const others = await Promise.all(["obama1", "obama2", "obama3"].map(photograph));
      await enrol(people, "Barack", { pictures: others, detector });
      await detector.close();
      const results = await run({ detector: DETECTOR, people }, frames);
      await people.recogniser.close();
      const faces = results.map(({ faces }) =>
        faces.map(({ track, person }) => [track, person?.name ?? null]),
      );
      const shotOf = (i: number) => Math.floor(i / 6) + 1;
      expect(faces).toEqual(frames.map((_, i) => [[shotOf(i), shotOf(i) === 1 ? "Barack" : null]]));
    },
  );
});
