import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { random as seeded } from "@mien/format";
import { describe, expect, it } from "vitest";
import {
  ANALYZE,
  analyze,
  analyzeTests,
  left,
  MODEL,
  readResults,
  SPOTS,
  top,
  withoutFfmpeg,
} from "../testing/analyze-tests.ts";

const tests = analyzeTests();
const MODELS = ["--model", MODEL, "--detector", SPOTS];

/** A film of two bright squares that the detector takes for faces; one moves, one comes and goes. */
function makeFilm(file: string, seconds: number): void {
  const lavfi =
    `color=black:s=416x320:r=30:d=${seconds}[base];color=white:s=32x32:r=30:d=${seconds}[a];` +
    `color=white:s=32x32:r=30:d=${seconds}[b];` +
    "[base][a]overlay=x='32*mod(floor(t*3),10)':y=96[one];" +
    "[one][b]overlay=x=192:y=224:enable='lt(mod(t,2.3),1.4)'";
  const output = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", file];
  const { status } = spawnSync("ffmpeg", ["-v", "error", "-filter_complex", lavfi, ...output]);
  expect(status).toBe(0);
}

/** Runs the command, and sends it a signal after some time. @returns its exit code, and errors. */
async function interrupted(flags: readonly string[], signal: NodeJS.Signals, after: () => unknown) {
  const [program, ...words] = ANALYZE;
  const child = spawn(program, [...words, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await Promise.race([after(), ended]);
  child.kill(signal);
  return { code: await ended, err };
}

/** Waits until a file is larger than some bytes. */
async function untilLarger(file: string, bytes: number): Promise<void> {
  while (!existsSync(file) || statSync(file).size <= bytes) await sleep(5);
}

const withoutTimings = (results: readonly object[]) =>
  results.map((result) => ({ ...result, timings: {} }));

describe.skipIf(withoutFfmpeg)("an interrupted app:analyze of a film", () => {
  it("goes on after kills at random moments, and gives the lines of an uninterrupted one", async () => {
    const film = path.join(tests.folder, "long.mp4");
    makeFilm(film, 10);
    const flags = ["--source", film, ...MODELS, "--csv", "--rejected"];
    expect((await analyze(...flags, "--out", "whole")).code).toBe(0);
    const generator = seeded("kills");
    const random = () => generator.uniform();
    const incomplete = path.join(tests.folder, "cut/results.incomplete.jsonl");
    let [kills, size] = [0, 0];
    while (kills < 4) {
      const signal = random() < 0.7 ? "SIGKILL" : "SIGINT";
      const { code, err } = await interrupted([...flags, "--out", "cut"], signal, async () => {
        await untilLarger(incomplete, size + 1);
        await sleep(random() * 300);
      });
      if (code === 0) break;
      expect(err).not.toContain("error:");
      // After Ctrl-C it says what was kept; after a kill it cannot.
      expect([code, /of 300 frames of .*long\.mp4 were analysed; their results/.test(err)]).toEqual(
        signal === "SIGINT" ? [130, true] : [null, false],
      );
      kills++;
      // A killed process leaves a part of a line.
      if (random() < 0.3) await writeFile(incomplete, '{"type":"fra', { flag: "a" });
      size = statSync(incomplete).size;
    }
    expect(kills).toBeGreaterThan(0);
    const { out, code } = await analyze(...flags, "--out", "cut", "--annotate");
    expect(code).toBe(0);
    expect(out).toMatch(/resuming: \d+ frames were analysed before[^]*300 frames with /);
    const [cut, whole] = [
      await readResults("cut/results.jsonl"),
      await readResults("whole/results.jsonl"),
    ];
    expect(cut.header).toEqual(whole.header);
    expect(withoutTimings(cut.results)).toEqual(withoutTimings(whole.results));
    expect(await readFile("cut/faces.csv", "utf8")).toBe(await readFile("whole/faces.csv", "utf8"));
    expect((await readdir("cut")).sort()).toEqual(["annotated.mp4", "faces.csv", "results.jsonl"]);
    const probe = ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames"];
    const { stdout } = spawnSync("ffprobe", [...probe, "-of", "csv=p=0", "cut/annotated.mp4"]);
    expect(String(stdout).trim()).toMatch(/^300,?$/);
  }, 240_000);

  it("is not continued with another film, other settings or a changed film, until --fresh", async () => {
    const film = path.join(tests.folder, "one.mp4");
    makeFilm(film, 10);
    makeFilm(path.join(tests.folder, "other.mp4"), 1);
    const flags = ["--source", film, ...MODELS, "--out", "mixed"];
    await interrupted(flags, "SIGKILL", async () => {
      await untilLarger("mixed/results.incomplete.jsonl", 2000);
      // It is written after the results; without it, nothing is kept.
      await untilLarger("mixed/detections.incomplete.jsonl", 2000);
    });
    const kept = await readFile("mixed/results.incomplete.jsonl", "utf8");
    const other = await analyze("--source", "other.mp4", ...MODELS, "--out", "mixed");
    expect(other.code).toBe(1);
    expect(other.err).toMatch(
      /error: mixed\/results\.incomplete\.jsonl holds \d+ frames of .*one\.mp4\nRun that command again to finish it, add --fresh/,
    );
    const settings = await analyze(...flags, "--detect-every", "7");
    expect(settings.err).toMatch(/one\.mp4, read with other models, people or settings, or before/);
    await utimes(film, new Date(), new Date(0));
    expect((await analyze(...flags)).err).toMatch(/or before it changed/);
    expect(await readFile("mixed/results.incomplete.jsonl", "utf8")).toBe(kept);
    const fresh = await analyze("--source", "other.mp4", ...MODELS, "--out", "mixed", "--fresh");
    expect(fresh.code).toBe(0);
    expect(await readdir("mixed")).toEqual(["results.jsonl"]);
  }, 120_000);
});

describe("app:analyze of a folder", () => {
  it("goes on after the images that a killed analysis has read, and names the broken ones again", async () => {
    await mkdir("photos");
    const [one, two] = [await left().png().toBuffer(), await top().png().toBuffer()];
    for (let i = 0; i < 150; i++) {
      await writeFile(`photos/${i}.png`, i === 3 ? "no picture" : i % 2 === 0 ? one : two);
    }
    const flags = ["--source", "photos", "--cropped", "--model", MODEL, "--out", "photos-out"];
    await interrupted(flags, "SIGKILL", () =>
      untilLarger("photos-out/results.incomplete.jsonl", 2000),
    );
    expect(existsSync("photos-out/results.incomplete.jsonl")).toBe(true);
    const { out, err } = await analyze(...flags);
    expect(out).toMatch(/resuming: \d+ images were analysed before/);
    expect(err).toContain("left out 1 of 150 images");
    const { results } = await readResults("photos-out/results.jsonl");
    expect(results.map(({ frame, faces: [face] }) => [frame, face!.expression])).toEqual(
      Array.from({ length: 150 }, (_, i) => [i, i % 2 === 0 ? "Left" : "Top"]).filter(
        ([i]) => i !== 3,
      ),
    );
  }, 120_000);

  it.skipIf(withoutFfmpeg)(
    "of films analyses each into a folder of its own, once",
    async () => {
      await mkdir("films");
      makeFilm("films/film 10.mp4", 0.2);
      makeFilm("films/film 2.mp4", 0.4);
      await writeFile("films/broken.mp4", "no film");
      await writeFile("films/notes.txt", "no film");
      const flags = [
        "--source",
        "films",
        ...MODELS,
        "--out",
        "film results",
        "--json",
        "films.json",
      ];
      const { code, err, out } = await analyze(...flags);
      expect(code).toBe(0);
      expect(err).toMatch(/broken\.mp4 is not a video[^]*left out 1 of 3 films/);
      expect(out).toMatch(/film 2 of 3: films\/film 2\.mp4[^]*film 3 of 3: films\/film 10\.mp4/);
      const json = JSON.parse(await readFile("films.json", "utf8")) as { films: object[] };
      expect(json).toMatchObject({
        films: [
          {
            source: "films/film 2.mp4",
            frames: 12,
            results: "film results/film 2.mp4/results.jsonl",
          },
          { source: "films/film 10.mp4", frames: 6 },
        ],
        unchanged: [],
        failed: [{ file: "films/broken.mp4" }],
      });
      const again = await analyze(...flags);
      expect(again.out.match(/was analysed before/g)).toHaveLength(2);
      expect((await analyze(...flags, "--csv")).out).not.toContain("was analysed before");
      expect((await readdir("film results/film 2.mp4")).sort()).toEqual([
        "faces.csv",
        "made-from.json",
        "results.jsonl",
      ]);
    },
    120_000,
  );

  it("refuses a second source", async () => {
    const { code, err } = await analyze("--source", "a.mp4", "--source", "b.mp4");
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --source is given twice\nWrite --source once/);
  });
});

describe.skipIf(withoutFfmpeg)("app:analyze of a picture at an address", () => {
  it("reads one image, whatever content type its server declares", async () => {
    const pictures = new Map([
      ["jpg", await left(64, 48).jpeg().toBuffer()],
      ["png", await left(64, 48).png().toBuffer()],
      ["webp", await left(64, 48).webp().toBuffer()],
      ["tif", await left(64, 48).tiff({ compression: "lzw" }).toBuffer()],
    ]);
    const server = createServer(({ url = "" }, response) => {
      const [, kind = "", type = ""] = url.split("/");
      response.setHeader("content-type", decodeURIComponent(type));
      response.end(pictures.get(kind));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      for (const kind of pictures.keys()) {
        for (const type of kind === "jpg" ? ["image/jpeg", "video/mp4"] : ["text/plain"]) {
          const source = `http://127.0.0.1:${port}/${kind}/${encodeURIComponent(type)}`;
          const flags = ["--cropped", "--model", MODEL, "--out", `address-${kind}`];
          const { code, out } = await analyze("--source", source, ...flags);
          expect(code).toBe(0);
          expect(out).toMatch(/\(1 image\)/);
          const { header, results } = await readResults(`address-${kind}/results.jsonl`);
          expect(header).toMatchObject({ source, frameRate: null });
          expect(results).toMatchObject([
            {
              source,
              frame: 0,
              timeMs: 0,
              width: 64,
              faces: [{ track: null, expression: "Left" }],
            },
          ]);
        }
      }
    } finally {
      server.close();
    }
  }, 120_000);
});
