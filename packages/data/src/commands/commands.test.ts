import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { runProgram } from "@mien/cli";
import { programWords, runInProcess } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { program } from "../program.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { greyPng, writeFiles } from "../testing/image-files.ts";

/** Runs a command line of the package in a temporary folder. */
const run = (folder: string, args: readonly string[]) =>
  runInProcess(() => runProgram(program, args), { cwd: folder, env: { MIEN_DATA: "" } });

/** Runs a command line in a child process, because the command starts further processes. */
function start(folder: string, args: readonly string[]): Promise<{ code: number; out: string }> {
  const [node, ...words] = programWords(path.resolve(import.meta.dirname, "../bin.ts"));
  return new Promise((resolve) => {
    execFile(node, [...words, ...args], { cwd: folder }, (error, out) =>
      resolve({ code: error === null ? 0 : Number(error.code), out }),
    );
  });
}

describe("data commands", () => {
  it("draw a set and report on it, and do nothing if the output is up to date", async () => {
    const folder = await temporaryFolder();
    const synth = await run(folder, [
      "synth",
      "--count",
      "140",
      "--out",
      "out",
      "--json",
      "synth.json",
    ]);
    expect(synth).toMatchObject({ code: 0, err: "" });
    expect(synth.out).toContain("npx nx run data:explore --csv out/synth.csv");
    const lines = (await readFile(path.join(folder, "out/synth.csv"), "utf8"))
      .trimEnd()
      .split("\n");
    expect(lines).toHaveLength(141);
    const summary = JSON.parse(await readFile(path.join(folder, "synth.json"), "utf8")) as unknown;
    expect(summary).toMatchObject({ csv: "out/synth.csv", count: 140, seed: 1, upToDate: false });

    const again = await run(folder, ["synth", "--count", "140", "--out", "out"]);
    expect(again.out).toContain("up to date: out/synth.csv");

    const explore = await run(folder, ["explore", "--csv", "out/synth.csv"]);
    // On a slow machine, progress is shown.
    expect(explore.err.replaceAll(/^drawing .*\n/gm, "")).toBe("");
    expect(explore.code).toBe(0);
    expect(explore.out).toMatch(/Surprise +\d+ +\d+ +\d+ +\d+/);
    const report = path.join(folder, "artifacts/data/synth/explore");
    const names = await readdir(report);
    const pictures = names.filter((name) => name.endsWith(".png"));
    expect(pictures).toHaveLength(17);
    for (const name of pictures) {
      const png = await readFile(path.join(report, name));
      expect(png.toString("latin1", 1, 4)).toBe("PNG");
      // Width and height follow the signature and the first chunk's head.
      expect(Math.min(png.readUInt32BE(16), png.readUInt32BE(20))).toBeGreaterThan(200);
    }
    const figures = JSON.parse(await readFile(path.join(report, "explore.json"), "utf8")) as {
      counts: number[][];
    };
    expect(figures).toMatchObject({ images: 140, duplicates: { groups: 0, distinctImages: 140 } });
    expect(figures.counts.flat().reduce((sum, n) => sum + n, 0)).toBe(140);

    const page = await readFile(path.join(report, "index.html"), "utf8");
    expect(page.match(/<figure class="chart/g)).toHaveLength(8);
    expect(page.match(/<figure class="photo/g)?.length).toBeGreaterThan(60);
    expect(page).not.toMatch(/(src|href)="(?!#|(findings|map)\.csv")/);
    const findings = await readFile(path.join(report, "findings.csv"), "utf8");
    expect(findings).toMatch(/^row,kind,group,detail\n/);

    const repeat = ["explore", "--csv", "out/synth.csv", "--json", "again.json"];
    const repeated = await run(folder, repeat);
    expect(repeated.out).toContain("up to date: artifacts/data/synth/explore/index.html");
    const whole = JSON.parse(await readFile(path.join(folder, "again.json"), "utf8")) as unknown;
    expect(whole).toMatchObject({ upToDate: true, images: 140, counts: figures.counts });
    const copied = await run(folder, [...repeat, "--findings", "copy.csv"]);
    expect(copied.out).toContain("wrote copy.csv");
    expect(await readFile(path.join(folder, "copy.csv"), "utf8")).toBe(findings);
    await writeFile(path.join(report, "explore.json"), "{");
    expect((await run(folder, repeat)).out).not.toContain("up to date");
    const reseeded = await run(folder, ["explore", "--csv", "out/synth.csv", "--seed", "2"]);
    expect(reseeded.out).not.toContain("up to date");
  });

  it("stop at an invalid row, or leave it out with a warning", async () => {
    const folder = await temporaryFolder();
    await run(folder, ["synth", "--count", "70", "--out", "."]);
    const csv = path.join(folder, "faces.csv");
    const text = await readFile(path.join(folder, "synth.csv"), "utf8");
    await writeFile(csv, text.replace(/^(.*\n.*\n)\d/, "$19").replaceAll(",", ";"));
    const strict = await run(folder, ["explore", "--csv", "faces.csv"]);
    expect(strict.code).toBe(1);
    expect(strict.err).toContain(
      'faces.csv, line 3, column emotion: expected a label from 0 to 6, found "9',
    );
    expect(strict.err).toContain("--skip-bad-rows");
    const lenient = await run(folder, ["explore", "--csv", "faces.csv", "--skip-bad-rows"]);
    expect(lenient.code).toBe(0);
    expect(lenient.out).toContain("1 invalid row is left out.");
    expect(lenient.err).toMatch(/1 invalid row is left out:\n.*line 3, column emotion/);
    const repeated = await run(folder, ["explore", "--csv", "faces.csv", "--skip-bad-rows"]);
    expect(repeated.out).toContain("up to date");
    for (const { err } of [lenient, repeated]) expect(err).toContain("separated by semicolons");
  });

  it("import a folder of images, and read it like a CSV", async () => {
    const folder = await temporaryFolder();
    const png = (value: number) =>
      greyPng(Array.from({ length: 48 * 48 }, (_, i) => (i * value) % 256));
    for (const [i, place] of ["train/anger", "train/joy", "val/joy", "test/anger"].entries()) {
      await writeFiles(folder, { [`my faces/${place}/${i}.png`]: await png(i + 1) });
    }
    await writeFiles(folder, { "my faces/train/joy/broken.jpg": "" });
    const imported = await run(folder, ["import", "my faces", "--json", "import.json"]);
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.err).toBe(
      "left out: 1 file\n  train/joy/broken.jpg is empty (0 bytes)\n" +
        "note: PublicTest has no image of Angry\nnote: PrivateTest has no image of Happy\n",
    );
    expect(imported.out).toMatch(/Happy +1 +1 +0 +2\n/);
    expect(imported.out).toContain("npx nx run data:explore --csv 'artifacts/data/my faces.csv'");
    const result = JSON.parse(await readFile(path.join(folder, "import.json"), "utf8")) as unknown;
    expect(result).toMatchObject({ images: 4, leftOut: [{ file: "train/joy/broken.jpg" }] });

    const explored = await run(folder, ["explore", "--csv", "my faces"]);
    expect(explored).toMatchObject({ code: 0 });
    expect(explored.out).toMatch(/^imported 4 images \(48×48, grey\) of my faces to artifacts/);
    expect(explored.out).toContain("npx nx run train:fit --csv 'my faces'");
    expect((await run(folder, ["explore", "--csv", "my faces"])).out).toContain("up to date");

    const split = ["import", "my faces", "--out", "b.csv", "--split", "50/50/0", "--colour"];
    expect((await run(folder, split)).out).toMatch(/all +1 +2 +1 +4|all +2 +1 +1 +4/);
    const manifest = await readFile(path.join(folder, "b.manifest.json"), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({ image: { channels: 3 }, file: { name: "b.csv" } });

    const wrong = await run(folder, ["import", "my faces", "--out", "faces.zip"]);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain("--out must end with .csv or .csv.gz, found faces.zip");
    expect((await run(folder, ["import"])).err).toContain("missing FOLDER");
  });

  it("say how to get data if there is none, and refuse unknown flags", async () => {
    const folder = await temporaryFolder();
    const nothing = await run(folder, ["explore"]);
    expect(nothing.code).toBe(1);
    expect(nothing.err).toContain("no data set found in datasets/");
    expect(nothing.err).toContain("npx nx run data:synth");
    expect((await run(folder, ["synth", "--amount", "9"])).code).toBe(2);
  });

  it("measure loading in child processes", async () => {
    const folder = await temporaryFolder();
    await run(folder, ["synth", "--count", "140", "--out", "."]);
    const benchmark = ["benchmark", "--csv", "synth.csv", "--rounds", "1", "--json", "load.json"];
    const { code, out } = await start(folder, benchmark);
    expect(code).toBe(0);
    expect(out).toContain("× the time of reading its bytes");
    const { measurements } = JSON.parse(await readFile(path.join(folder, "load.json"), "utf8")) as {
      measurements: Record<string, { images: number; resultBytes: number; peakBytes: number }[]>;
    };
    const images = Object.entries(measurements).map(([way, [first]]) => [way, first?.images]);
    expect(Object.fromEntries(images)).toEqual({
      bytes: 0,
      steps: 0,
      csv: 140,
      quoted: 140,
      gz: 140,
      cache: 140,
    });
    expect(measurements["csv"]?.[0]?.resultBytes).toBe(140 * (48 * 48 + 1 + 1 + 4));
    expect(measurements["csv"]?.[0]?.peakBytes).toBeGreaterThan(10e6);
  });
});
