import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRecording } from "../kinect/recording.ts";
import { repeatRecording } from "../recording/repeat-recording.ts";
import { withoutFakenect } from "../sources/testing/tools.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-record-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const BIN = path.resolve(import.meta.dirname, "../bin.ts");
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

function app(args: readonly string[], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=source", "--import", TSX, BIN, ...args],
    { encoding: "utf8", cwd: folder, env: { ...process.env, ...environment } },
  );
  return { code: status, out: stdout, err: stderr };
}

/** What each picture of a recording says, whatever its file is called. */
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
  it("synthesises once; the same flags again are up to date, others do not overwrite", () => {
    const flags = ["record", "--synth", "--scene", "flat", "--seconds", "0.5", "--out", "a b"];
    const { code, out, err } = app(flags);
    expect(err.replace(/frames \d+\/\d+\n/g, "")).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/flat: a flat photograph of a face[^\n]*faces drawn/);
    expect(out).toMatch(/wrote a b\/truth\.jsonl/);
    expect(out).toContain("next  npx nx run app:analyze --source 'kinect:a b'");
    expect(app(flags).out).toMatch(/^up to date: a b/);
    const other = app([...flags, "--seed", "2"]);
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.err).toMatch(/a b already holds a recording\nName another folder with --out/);
  });

  it.skipIf(withoutFakenect)("stores what the Kinect sees, so that it can be played", async () => {
    const long = path.join(folder, "long");
    await repeatRecording(path.join(folder, "a b"), long, { times: 8, seconds: 0.5 });
    const { code, out } = app(["record", "--seconds", "1", "--out", "live"], {
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

  it("says what is wrong with its flags", () => {
    expect(app(["record", "--synth", "--scene", "moon"])).toMatchObject({ code: 2 });
    expect(app(["record", "--faces", "x"]).err).toMatch(/--faces needs --synth/);
    expect(app(["record", "--synth", "--faces", "nowhere"]).err).toMatch(/cannot find nowhere/);
  });

  it("says that there is no library, and writes nothing", async () => {
    const missing = { MIEN_LIBFREENECT: path.join(folder, "none.so") };
    const { code, err } = app(["record", "--out", "empty"], missing);
    expect(code).toBe(1);
    expect(err).toMatch(/libfreenect.* is not installed/);
    expect(await readdir(folder)).not.toContain("empty");
  });
});
