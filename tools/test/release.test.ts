import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { programWords } from "@mien/testing";
import { beforeAll, describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-release-"));
  return () => rm(folder, { recursive: true, force: true });
});

/** Runs a script in the temporary folder, which holds no data set. */
async function node(...argv: string[]): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, MIEN_DATA: folder };
  const child = spawn(process.execPath, argv, { cwd: folder, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  return { code: await new Promise((resolve) => child.on("close", resolve)), output };
}

const release = (...flags: string[]) => node(path.join(root, "tools/release.mjs"), ...flags);

function mien(project: string, ...flags: string[]) {
  const [, ...words] = programWords(path.join(root, "packages", project, "src/bin.ts"));
  return node(...words, ...flags);
}

describe("npm run release", () => {
  it("releases a finished run with its card, and evaluates it on the test split only once", async () => {
    const synth = await mien("data", "synth", "--count", "210", "--out", ".");
    expect(synth).toMatchObject({ code: 0 });
    await writeFile(
      path.join(folder, "tiny.json"),
      JSON.stringify({ epochs: 1, batchSize: 16, widths: [4, 8, 8, 8], denseUnits: 16 }),
    );
    const fit = ["fit", "--csv", "synth.csv", "--config", "tiny.json", "--out", "runs/tiny"];
    expect(await mien("train", ...fit)).toMatchObject({ code: 0 });

    const flags = ["--only", "pocket", "--from", "runs/tiny", "--csv", "synth.csv", "--out", "out"];
    const first = await release(...flags, "--final");
    expect(first).toMatchObject({ code: 0 });
    const index = JSON.parse(await readFile(path.join(folder, "out/index.json"), "utf8")) as {
      default: string;
      models: Record<string, { openings: unknown[]; metrics: { test: { accuracy: number } } }>;
    };
    expect(index.default).toBe("pocket");
    expect(index.models["pocket"]?.openings).toHaveLength(1);
    const card = await readFile(path.join(folder, "out/pocket.md"), "utf8");
    const accuracy = index.models["pocket"]!.metrics.test.accuracy;
    expect(card).toContain(`${(100 * accuracy).toFixed(2)} %`);
    expect(card).toContain("npm run release -- --only pocket --final");
    expect(existsSync(path.join(folder, "out/pocket.onnx"))).toBe(true);

    // Without data, the second release fails after the evaluation, which is the step under test.
    const again = await release(...flags, "--csv", "none.csv", "--final");
    expect(again).toMatchObject({ code: 1 });
    expect(again.output).toMatch(
      /pocket was evaluated on PrivateTest on .*not evaluated on it again/,
    );
    const accesses = await readFile(path.join(folder, "runs/tiny/openings.jsonl"), "utf8");
    expect(accesses.trim().split("\n")).toHaveLength(1);
  }, 180_000);

  it("has renewed the tables of the documentation after the last release", async () => {
    const { code, output } = await node(path.join(root, "tools/release/tables.mjs"), "--check");
    expect(output).toContain("up to date");
    expect(code).toBe(0);
  });

  it("refuses unknown models and runs, and stops at the first step that fails", async () => {
    expect(await release("--only", "giant")).toMatchObject({ code: 2 });
    expect(await release("--from", "runs/none", "--only", "pocket")).toMatchObject({ code: 2 });
    const unfit = await release("--only", "fer2013", "--csv", "none.csv", "--out", "out2");
    expect(unfit.code).toBe(1);
    expect(unfit.output).toMatch(/no data set at none\.csv[^]*not released/);
    expect(existsSync(path.join(folder, "out2"))).toBe(false);
  });
});
