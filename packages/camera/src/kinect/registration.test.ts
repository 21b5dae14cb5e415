import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { random, type DepthMap } from "@mien/format";
import { describe, expect, it } from "vitest";
import { drawFaces } from "../recording/face-textures.ts";
import { kinectCameras, renderDepth } from "../recording/render.ts";
import { sceneAt, type SceneName } from "../recording/scenes.ts";
import { LIBFREENECT, withoutFakenect } from "../testing/tools.ts";
import {
  DEFAULT_CAMERA_PARAMETERS,
  fromDeviceJson,
  toDeviceJson,
  type CameraParameters,
} from "./camera-parameters.ts";
import { millimetresOfRaw, NO_DEPTH, rawOfMillimetres } from "./raw-depth.ts";
import { HEIGHT, WIDTH } from "./picture-size.ts";
import { lensTable, parallax } from "./registration-tables.ts";
import { createRegistration } from "./registration.ts";

/** A lens correction as large as a Kinect's: some pixels at the edges. */
function bentLens(): CameraParameters {
  const stream = random("lens");
  const near = (bits: number, spread: number) => 2 ** bits - stream.integer(spread);
  const distortion = Object.fromEntries(
    Object.keys(fromDeviceJson(toDeviceJson(DEFAULT_CAMERA_PARAMETERS), "").distortion).map(
      (name) => {
        if (/^d.d.d[xy]_start$/.test(name)) return [name, near(27, 3000)];
        if (/^d.d[xy]_start$/.test(name)) return [name, near(21, 1500)];
        return [name, name.length === 2 ? stream.integer(1500) - 400 : stream.integer(9000)];
      },
    ),
  );
  return { ...DEFAULT_CAMERA_PARAMETERS, distortion };
}

/** The tables that libfreenect computes. */
function libfreenectTables(cameraParameters: CameraParameters) {
  const program = path.join(import.meta.dirname, "testing/print-tables.ts");
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--conditions=source",
      "--import",
      "tsx",
      program,
      LIBFREENECT,
      JSON.stringify(cameraParameters),
    ],
    { encoding: "utf8" },
  );
  if (stdout === "") throw new Error(stderr);
  const { buffer } = new Uint8Array(readFileSync(stdout.trim()));
  return {
    millimetres: new Uint16Array(buffer, 0, 2048),
    shift: new Int32Array(buffer, 4096, 10_000),
    lens: new Int32Array(buffer, 44_096),
  };
}

describe.skipIf(withoutFakenect)("compared with the real libfreenect", () => {
  const cameraParameters = bentLens();
  const theirs = withoutFakenect ? undefined : libfreenectTables(cameraParameters);

  it("raw depth means the same millimetres up to 10 m", () => {
    const mine = millimetresOfRaw(cameraParameters);
    const end = mine.findIndex((mm, raw) => raw > 500 && mm === 0);
    expect(mine[end - 1]).toBeGreaterThan(9000);
    expect(mine.subarray(0, end)).toEqual(theirs?.millimetres.subarray(0, end));
    expect(mine.subarray(end).every((mm) => mm === 0)).toBe(true);
  });

  it("the parallax is the same within a 256th of a pixel", () => {
    const mine = parallax(cameraParameters);
    for (let mm = 1; mm < 10_000; mm++) {
      expect(Math.abs(mine[mm]! - theirs!.shift[mm]!)).toBeLessThanOrEqual(1);
    }
  });

  it("the lens correction moves every pixel to the same place", () => {
    const { x, y } = lensTable(cameraParameters);
    const wrong: number[] = [];
    let moved = 0;
    for (let at = 0; at < WIDTH * HEIGHT; at++) {
      const [theirX, theirY] = [theirs!.lens[2 * at]!, theirs!.lens[2 * at + 1]!];
      const isOutside = theirX === 2 * WIDTH * 256;
      if (isOutside ? x[at]! >= 0 : x[at] !== theirX || y[at] !== theirY) wrong.push(at);
      if (!isOutside && Math.abs(theirX / 256 - (at % WIDTH)) > 2) moved++;
    }
    expect(wrong).toEqual([]);
    expect(moved).toBeGreaterThan(1000);
  });
});

describe("raw depth", () => {
  it("is within 0.5 % of the published tangent for raw 600 to 900", () => {
    const mine = millimetresOfRaw(DEFAULT_CAMERA_PARAMETERS);
    for (let raw = 600; raw <= 900; raw++) {
      const metres = 0.1236 * Math.tan(raw / 2842.5 + 1.1863);
      expect(Math.abs(mine[raw]! / 1000 / metres - 1)).toBeLessThan(0.005);
    }
  });

  it("grows with the distance, and means no depth at 2047", () => {
    const mine = millimetresOfRaw(DEFAULT_CAMERA_PARAMETERS);
    for (let raw = 1; raw < 1000; raw++) expect(mine[raw]!).toBeGreaterThanOrEqual(mine[raw - 1]!);
    expect(mine[NO_DEPTH]).toBe(0);
  });

  it("is recovered from millimetres", () => {
    const mine = millimetresOfRaw(DEFAULT_CAMERA_PARAMETERS);
    for (let raw = 400; raw < 1000; raw++) {
      expect(
        Math.abs(rawOfMillimetres(mine[raw]! + 0.5, DEFAULT_CAMERA_PARAMETERS) - raw),
      ).toBeLessThan(1);
    }
  });
});

/** Expects two arrays to be equal; much faster than `toEqual`. */
function isSame({ millimetres }: DepthMap, other: DepthMap): boolean {
  return Buffer.from(millimetres.buffer).equals(new Uint8Array(other.millimetres.buffer));
}

describe("registration", () => {
  it.each<SceneName>(["people", "flat", "bent", "mixed"])(
    "puts the outlines of %s within 2 pixels of where the colour camera sees them",
    async (scene) => {
      const { objects } = sceneAt(scene, await drawFaces(3, 1), 0.3);
      const cameras = kinectCameras(DEFAULT_CAMERA_PARAMETERS);
      const seen = renderDepth(objects, cameras.depth).depth;
      const raw = Uint16Array.from(seen, (z) =>
        Math.round(rawOfMillimetres(1000 * z, DEFAULT_CAMERA_PARAMETERS)),
      );
      const { millimetres } = createRegistration(DEFAULT_CAMERA_PARAMETERS)(raw);
      const truth = renderDepth(objects, cameras.colour).depth;
      const isNear = (at: number) => truth[at]! < 2.7;
      let compared = 0;
      let wrong = 0;
      for (let row = 4; row < HEIGHT - 4; row++) {
        for (let column = 40; column < WIDTH - 40; column++) {
          const at = row * WIDTH + column;
          const found = millimetres[at]!;
          // Pixels within 2 of an outline need not agree.
          const isInside = [-2, 2].every(
            (step) => isNear(at + step) === isNear(at) && isNear(at + step * WIDTH) === isNear(at),
          );
          if (found === 0 || !isInside) continue;
          compared++;
          if (found < 2700 !== isNear(at)) wrong++;
        }
      }
      expect(compared).toBeGreaterThan(150_000);
      expect(wrong).toBe(0);
    },
  );

  it("keeps the tables of two Kinects apart that are read in turns", () => {
    const raw = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, at) => 600 + (at % 300));
    const alone = [DEFAULT_CAMERA_PARAMETERS, bentLens()].map((cameraParameters) =>
      createRegistration(cameraParameters)(raw),
    );
    const inTurns = [DEFAULT_CAMERA_PARAMETERS, bentLens()].map(createRegistration);
    for (const [i, register] of [...inTurns, ...inTurns].entries()) {
      expect(isSame(register(raw), alone[i % 2]!)).toBe(true);
    }
    expect(isSame(alone[0]!, alone[1]!)).toBe(false);
  });

  it("keeps the nearer of two objects that fall on one place", () => {
    const raw = new Uint16Array(WIDTH * HEIGHT).fill(
      Math.round(rawOfMillimetres(3000, DEFAULT_CAMERA_PARAMETERS)),
    );
    const near = Math.round(rawOfMillimetres(700, DEFAULT_CAMERA_PARAMETERS));
    for (let row = 200; row < 280; row++) raw.fill(near, row * WIDTH + 300, row * WIDTH + 340);
    const { millimetres } = createRegistration(DEFAULT_CAMERA_PARAMETERS)(raw);
    const line = [...millimetres.subarray(240 * WIDTH, 241 * WIDTH)];
    const width = line.filter((mm) => mm > 0 && mm < 1000).length;
    expect(width).toBe(40);
  });

  it("loses only what is shifted out of the picture, and keeps missing depth missing", () => {
    const raw = new Uint16Array(WIDTH * HEIGHT).fill(NO_DEPTH);
    expect(
      createRegistration(DEFAULT_CAMERA_PARAMETERS)(raw).millimetres.every((mm) => mm === 0),
    ).toBe(true);
    raw.fill(0);
    const { millimetres } = createRegistration(DEFAULT_CAMERA_PARAMETERS)(raw);
    const share = millimetres.filter((mm) => mm > 0).length / millimetres.length;
    expect(share).toBeGreaterThan(0.94);
    expect(share).toBeLessThan(0.96);
  });
});
