// Nothing leaves the machine: every command of every package runs in an empty home folder, watched
// by strace. It may connect to this machine only, and write only to the paths that it prints.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong, programWords } from "@mien/testing";
import { readTrace, watch } from "./watch.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** A photograph of a face, without which two measurements end with an error. */
const PHOTO =
  process.env["MIEN_DATA"] && path.join(process.env["MIEN_DATA"], "faces/scene_alex_lacamoire.jpg");
const withFace = PHOTO !== undefined && existsSync(PHOTO) ? 0 : 1;

/**
 * Every command, in an order in which each finds what it needs, but `export faces`, which fetches
 * weights by npm when it is asked to. `until` ends a command that goes on; `code` is the exit code;
 * `isLong` ones run only in long tests, since others load the same libraries.
 */
const RUNS: readonly {
  readonly line: string;
  readonly until?: RegExp;
  readonly code?: number;
  readonly isLong?: boolean;
}[] = [
  { line: "data synth --count 140" },
  { line: "data explore --csv artifacts/data/synth.csv" },
  { line: "data import faces --out artifacts/data/faces.csv" },
  { line: "data explore --csv faces" },
  { line: "data fetch", code: 1 },
  { line: "data benchmark --csv artifacts/data/synth.csv --rounds 1", isLong: true },
  { line: "train fit --csv artifacts/data/synth.csv --out artifacts/runs/a --epochs 1" },
  { line: "train evaluate a" },
  { line: "train teach a" },
  { line: "train runs --mlflow artifacts/mlflow" },
  { line: "train compare a a", code: 2 },
  { line: "train benchmark --no-keras --seconds 1", isLong: true },
  { line: "export onnx a" },
  { line: "export verify a --csv artifacts/data/synth.csv --json verify.json" },
  { line: "export benchmark a --seconds 0.1 --web", isLong: true },
  { line: "export benchmark artifacts/models/a.onnx --seconds 0.1" },
  { line: "train card a --run a --verification verify.json --out artifacts/cards" },
  {
    line: "tune search --csv artifacts/data/synth.csv --study s --trials 1 --epochs 1 --subset 1",
  },
  { line: "tune worker --csv artifacts/data/synth.csv --study s" },
  { line: "tune report --csv artifacts/data/synth.csv --study s --seeds 0" },
  { line: "tune dashboard --study s --port 0", until: /http:\/\/127/, code: 130 },
  { line: "tune benchmark --trials 2", isLong: true },
  { line: "app doctor" },
  { line: "app record --synth --seconds 0.2 --out artifacts/recordings/r" },
  { line: "app analyze --source photos --csv --annotate" },
  { line: "app analyze --source kinect:artifacts/recordings/r" },
  {
    line: "app acquire --name Ada --source photos --count 1 --consent --seconds 5",
    code: withFace,
  },
  { line: "app people list" },
  { line: "app live --port 0 --no-open --source photos", until: /http:\/\/127/, code: 130 },
  {
    line: "app benchmark --no-peers --no-curves --seconds 0.5 --photo photos/face.jpg",
    code: withFace,
    isLong: true,
  },
  { line: "app benchmark-sources --frames 100 --seconds 1", isLong: true },
  {
    line: "app benchmark-forget --photo photos/face.jpg --rounds 1",
    code: withFace,
    isLong: true,
  },
  { line: "app benchmark-depth --seconds 0.2 --seeds 1", isLong: true },
  {
    line: "app benchmark-live --photo photos/face.jpg --seconds 1 --viewers 1 --only film",
    code: withFace,
    isLong: true,
  },
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
    .jpeg()
    .toFile(path.join(folder, "photos/face.jpg"));
  for (const [i, name] of ["train/angry", "train/happy", "test/angry"].entries()) {
    await mkdir(path.join(folder, "faces", name), { recursive: true });
    await sharp({ create: { width: 50, height: 50, channels: 3, background: `#9${i}7` } })
      .png()
      .toFile(path.join(folder, "faces", name, "1.png"));
  }
  if (withFace === 0) await cp(PHOTO ?? "", path.join(folder, "photos/face.jpg"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The words that start a package's program. */
const bin = (project: string) => programWords(path.join(ROOT, `packages/${project}/src/bin.ts`));

/** Where nx keeps its cache, and its native library. */
const NX_PLACES = [path.join(ROOT, ".nx"), "/tmp/.nx"];

/** Runs a program without CI, in which onnxruntime keeps still by itself. */
async function expectSilence(
  command: readonly string[],
  expected: { readonly code: number; readonly until?: RegExp; readonly cwd?: string },
): Promise<void> {
  const { code, cwd = folder, ...ending } = expected;
  const home = path.join(folder, "home");
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    TMPDIR: path.join(folder, "tmp"),
    NX_DAEMON: "false",
  };
  const found = await watch(command, { cwd, env, trace: path.join(folder, "trace"), ...ending });
  expect(found.code, found.output).toBe(code);
  expect(found.addresses).toEqual([]);
  const places = [folder, "/dev", "/proc", ...(cwd === ROOT ? NX_PLACES : [])];
  const isOwn = (file: string) =>
    places.some((place) => file === place || file.startsWith(`${place}/`)) ||
    // Python keeps what it compiled beside its source.
    (file.startsWith(`${ROOT}/`) && file.includes("/__pycache__"));
  expect(found.written.filter((file) => !isOwn(file))).toEqual([]);
  expect(await readdir(home)).toEqual([]);
}

it("finds the addresses and the written files in strace's record", () => {
  const trace = `
7 connect(3<UDP:[217328]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.53")}, 16) = 0
7 connect(4<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
7 connect(4<TCPv6:[1]>, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH (Network is unreachable)
7 connect(4<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 connect(5<UNIX-STREAM:[2]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory)
7 sendmmsg(3<UDP:[192.0.2.2:6075->10.0.0.54:53]>, [{msg_hdr={msg_name=NULL, msg_namelen=0}}], 2, MSG_NOSIGNAL) = 2
7 sendto(3<UDP:[5]>, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.55")}, 16) = 1
7 sendto(4<TCP:[127.0.0.1:5->127.0.0.1:80]>, "x", 1, MSG_NOSIGNAL, NULL, 0) = 1
7 openat(AT_FDCWD</w>, "out.json", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 9</w/out.json>
7 openat(AT_FDCWD</w>, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 9</etc/passwd>
7 mkdirat(9</home/me>, ".cache", 0777) = 0
7 mkdir("/home/other", 0777) = -1 EEXIST (File exists)`;
  expect(readTrace(trace, "/w")).toEqual({
    addresses: ["192.0.2.1:443", "[2001:db8::1]:443", "10.0.0.54:53", "10.0.0.55:53"],
    written: ["/w/out.json", "/home/me/.cache"],
  });
});

describe.skipIf(without.length > 0 && !process.env["CI"])(
  `privacy (needs strace, ffmpeg and chromium; missing: ${without.join(", ") || "nothing"})`,
  () => {
    it.each(RUNS.filter((run) => isLong || !run.isLong))(
      "$line sends nothing and leaves no file",
      { timeout: 180_000 },
      async ({ line, until, code = 0 }) => {
        const [project = "", ...words] = line.split(" ");
        const ending = until === undefined ? {} : { until };
        await expectSilence([...bin(project), ...words], { code, ...ending });
      },
    );

    it("the converter's own command speaks to nobody and leaves nothing", () => {
      const command = [...bin("tfjs-to-onnx"), "artifacts/runs/a/model", "a.onnx"];
      return expectSilence(command, { code: 0 });
    });

    it("nx speaks to nobody and leaves nothing", () => {
      const nx = path.join(ROOT, "node_modules/nx/dist/bin/nx.js");
      const command = [process.execPath, nx, "run", "data:synth", "--", "--help"];
      return expectSilence(command, { code: 0, cwd: ROOT });
    });
  },
);
