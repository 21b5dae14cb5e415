import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runProgram } from "@mien/cli";
import { runInProcess } from "@mien/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readRecording, recordKinect, repeatRecording } from "@mien/camera";
import { withoutFakenect } from "@mien/camera/testing/tools";
import { program } from "../program.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-record-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const app = (words: readonly string[], env: Record<string, string> = {}) =>
  runInProcess(() => runProgram(program, words), { cwd: folder, env });

/** The SHA-256 of each colour and depth picture of a recording. */
async function picturesOf(recording: string): Promise<string[]> {
  const { files } = await readRecording(recording);
  const pictures = files.filter(({ kind }) => kind !== "a");
  return Promise.all(
    pictures.map(async ({ file }) =>
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex"),
    ),
  );
}

describe("app:record", () => {
  it("synthesises once; with the same flags it is up to date, with others it does not overwrite", async () => {
    const flags = ["record", "--synth", "--scene", "flat", "--seconds", "0.5", "--out", "a b"];
    const { code, out, err } = await app(flags);
    expect(err.replace(/frames \d+\/\d+(, .* left)?\n/g, "")).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/flat: A flat photograph of a face[^\n]*faces synthetic/);
    expect(out).toMatch(/wrote a b\/truth\.jsonl/);
    expect(out).toContain("next  npx nx run app:analyze --source 'kinect:a b'");
    expect((await app(flags)).out).toMatch(/^up to date: a b/);
    const other = await app([...flags, "--seed", "2"]);
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.err).toMatch(/a b already holds a recording\nName another folder with --out/);
  });

  it("is not up to date if the images of the faces or their boxes have changed", async () => {
    const faces = path.join(folder, "faces");
    await mkdir(faces);
    const picture = (background: string) =>
      sharp({ create: { width: 60, height: 80, channels: 3, background } })
        .png()
        .toFile(path.join(faces, "one.png"));
    const flags = ["record", "--synth", "--faces", "faces", "--seconds", "0.1", "--out", "faced"];
    await picture("red");
    expect((await app(flags)).code).toBe(0);
    expect((await app(flags)).out).toMatch(/^up to date/);
    await picture("blue");
    expect((await app(flags)).err).toMatch(/faced already holds a recording/);
    await writeFile(path.join(faces, "boxes.json"), '{"one.png": [[0, 0, 0, 10]]}');
    expect((await app([...flags.slice(0, -1), "other"])).err).toMatch(
      /boxes\.json must be [^]*width and height are more than 0/,
    );
    await picture("red");
    await writeFile(path.join(faces, "boxes.json"), '{"one.png": [[0, 0, 30, 30]]}');
    expect((await app(flags)).err).toMatch(/faced already holds a recording/);
  });

  it.skipIf(withoutFakenect)("ends on a signal that comes while its folder is made", async () => {
    const long = path.join(folder, "signalled");
    await repeatRecording(path.join(folder, "a b"), long, { times: 8, seconds: 0.5 });
    vi.stubEnv("FAKENECT_PATH", long);
    const out = path.join(folder, "early");
    const stop = new AbortController();
    const watcher = setInterval(() => {
      if (existsSync(out)) stop.abort();
    });
    const { frames } = await recordKinect(out, { signal: stop.signal, seconds: 10 }).catch(() => ({
      frames: 0,
    }));
    // The whole recording has 300.
    expect(frames).toBeLessThan(30);
    clearInterval(watcher);
    vi.unstubAllEnvs();
  });

  it.skipIf(withoutFakenect)("stores what the Kinect sees, so that it can be played", async () => {
    const long = path.join(folder, "long");
    await repeatRecording(path.join(folder, "a b"), long, { times: 8, seconds: 0.5 });
    const { code, out } = await app(["record", "--seconds", "1", "--out", "live"], {
      FAKENECT_PATH: long,
    });
    expect(code).toBe(0);
    expect(out).toMatch(/wrote live \(the recording\)/);
    const { pairs, files } = await readRecording(path.join(folder, "live"));
    expect(pairs.length).toBeGreaterThan(1);
    expect(files).toHaveLength(2 * pairs.length);
    const originals = await picturesOf(path.join(folder, "a b"));
    for (const picture of await picturesOf(path.join(folder, "live"))) {
      expect(originals).toContain(picture);
    }
  });

  it("refuses wrong flags", async () => {
    expect(await app(["record", "--synth", "--scene", "moon"])).toMatchObject({ code: 2 });
    expect((await app(["record", "--faces", "x"])).err).toMatch(/--faces needs --synth/);
    expect((await app(["record", "--synth", "--faces", "nowhere"])).err).toMatch(
      /cannot find nowhere/,
    );
  });

  it("fails without libfreenect, and writes nothing", async () => {
    const missing = { MIEN_LIBFREENECT: path.join(folder, "none.so") };
    const { code, err } = await app(["record", "--out", "empty"], missing);
    expect(code).toBe(1);
    expect(err).toMatch(/libfreenect.* is not installed/);
    expect(await readdir(folder)).not.toContain("empty");
  });
});
