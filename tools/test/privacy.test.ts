// Nothing leaves the machine: every command of every package runs in an empty home folder, watched by
// strace. It may speak to this machine alone, and write only where it said.
import { execFileSync } from "node:child_process";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROGRAMS } from "./programs.ts";
import { readTrace, watch, type Watched } from "./watch.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** The commands in an order in which each finds what it needs; `until` ends one that goes on. */
const RUNS: readonly { readonly line: string; readonly until?: RegExp; readonly code?: number }[] =
  [
    { line: "data synth --count 140" },
    { line: "data explore --csv artifacts/data/synth.csv" },
    { line: "data benchmark --csv artifacts/data/synth.csv --rounds 1" },
    { line: "train fit --csv artifacts/data/synth.csv --out artifacts/runs/a --epochs 1" },
    { line: "train evaluate a" },
    { line: "train teach a" },
    { line: "train compare a a", code: 2 },
    { line: "train benchmark --no-keras --seconds 1" },
    { line: "export onnx a" },
    { line: "export verify a --csv artifacts/data/synth.csv --json verify.json" },
    { line: "export benchmark a --seconds 0.1 --web" },
    { line: "export speed artifacts/models/a.onnx --seconds 0.1" },
    { line: "export faces --out artifacts/faces", code: 1 },
    { line: "train card a --run a --verification verify.json --out artifacts/cards" },
    {
      line: "tune search --csv artifacts/data/synth.csv --study s --trials 1 --epochs 1 --subset 1",
    },
    { line: "tune worker --csv artifacts/data/synth.csv --study s" },
    { line: "tune report --csv artifacts/data/synth.csv --study s --seeds 0" },
    { line: "tune dashboard --study s --port 0", until: /http:\/\/127/ },
    { line: "tune benchmark --trials 2" },
    { line: "app doctor" },
    { line: "app record --synth --seconds 0.2 --out artifacts/recordings/r" },
    { line: "app analyze --source photos --csv --annotate" },
    { line: "app analyze --source kinect:artifacts/recordings/r" },
    { line: "app acquire --name Ada --source photos --count 1 --consent --seconds 5", code: 1 },
    { line: "app people list" },
    { line: "app live --port 0 --no-open --source photos", until: /http:\/\/127/ },
    { line: "app benchmark --no-peers --no-curves --seconds 0.5 --photo photos/face.png" },
    { line: "app benchmark-sources --frames 100 --seconds 1" },
    { line: "app benchmark-live --photo photos/face.png --seconds 1 --viewers 1 --only film" },
  ];

const without = ["strace", "ffmpeg", "chromium"].filter((name) => {
  try {
    return execFileSync("which", [name], { stdio: "pipe" }).length === 0;
  } catch {
    return true;
  }
});

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), "mien-privacy-")));
  for (const name of ["home", "tmp", "artifacts", "photos"]) await mkdir(path.join(folder, name));
  for (const name of [".venv", "tools"])
    await symlink(path.join(ROOT, name), path.join(folder, name));
  await cp(path.join(ROOT, "artifacts/release"), path.join(folder, "artifacts/release"), {
    recursive: true,
  });
  await sharp({ create: { width: 640, height: 480, channels: 3, background: "#987" } })
    .png()
    .toFile(path.join(folder, "photos/face.png"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(words: readonly string[], until?: RegExp): Promise<Watched> {
  return watch(words, {
    cwd: folder,
    // Without CI, in which onnxruntime keeps still by itself.
    env: {
      PATH: process.env["PATH"],
      HOME: path.join(folder, "home"),
      TMPDIR: path.join(folder, "tmp"),
    },
    trace: path.join(folder, "trace"),
    ...(until === undefined ? {} : { until }),
  });
}

describe.skipIf(without.length > 0 && !process.env["CI"])(
  `privacy (needs strace, ffmpeg and chromium; missing: ${without.join(", ") || "nothing"})`,
  () => {
    it.each(RUNS)(
      "$line speaks to nobody and leaves nothing",
      { timeout: 180_000 },
      async ({ line, until, code = 0 }) => {
        const [project = "", ...words] = line.split(" ");
        const bin = path.join(ROOT, "packages", project, "src/bin.ts");
        const tsx = path.join(ROOT, "node_modules/tsx/dist/loader.mjs");
        const node = [process.execPath, "--conditions=source", "--import", tsx, bin, ...words];
        const { addresses, written, ...ended } = await run(node, until);
        console.log(
          line,
          ended.code,
          ended.output.slice(-400),
          addresses,
          written.filter((file) => !file.startsWith(folder + "/tmp/tsx")),
        );
        expect(ended.code, ended.output).toBe(code);
        expect(addresses).toEqual([]);
        const own = [folder, "/dev", "/proc"];
        expect(
          written.filter((file) => !own.some((place) => file.startsWith(`${place}/`))),
        ).toEqual([]);
        expect(await readdir(path.join(folder, "home"))).toEqual([]);
      },
    );
  },
);
