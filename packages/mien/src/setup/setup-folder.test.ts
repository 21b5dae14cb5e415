import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COMMAND_NAMES } from "../command-names.ts";
import { allNeeds, describeNeeds, needsOf } from "./needs.ts";
import { isSetUp, ownManifest, runSetUpMien, setupFolder } from "./setup-folder.ts";

let cache: string;
const before = { ...process.env };
beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), "mien-setup-"));
  process.env["MIEN_CACHE"] = cache;
  delete process.env["MIEN_PYTHON"];
});
afterEach(async () => {
  process.env = { ...before };
  await rm(cache, { recursive: true, force: true });
});

const needs = (name: string) => needsOf(COMMAND_NAMES.find((command) => command.name === name)!);

/** Fills the folder of the set-up as `mien setup` does, with a `mien` that records its arguments. */
async function setUp(
  packages: readonly string[],
  ready: { readonly tensorflow: boolean; readonly python: boolean },
): Promise<void> {
  for (const name of ["mien", ...packages]) {
    const folder = path.join(setupFolder(), "node_modules", name);
    await mkdir(path.join(folder, "dist"), { recursive: true });
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(
      path.join(folder, "dist/index.js"),
      "export const calls = [];\n" +
        "export const runMien = async (argv, program) => void calls.push([program, ...argv]);\n",
    );
  }
  await writeFile(path.join(setupFolder(), "ready.json"), JSON.stringify(ready));
}

describe("what commands need", () => {
  it("is nothing for seeing faces, packages for data, and more for training and tuning", () => {
    expect(needs("live").packages).toEqual([]);
    expect(needs("explore")).toEqual({
      ...{ packages: ["@mien/data"], tensorflow: false, python: false },
    });
    expect(needs("fit")).toMatchObject({ tensorflow: true, python: false });
    expect(needs("export")).toMatchObject({ tensorflow: false, python: false });
    expect(needs("verify")).toMatchObject({ tensorflow: true, python: false });
    expect(needs("tune")).toMatchObject({ tensorflow: true, python: true });
  });

  it("has a version for each package", () => {
    const { peerDependencies } = ownManifest();
    for (const name of allNeeds().packages) expect(peerDependencies).toHaveProperty([name]);
  });

  it("is described by what is installed", () => {
    expect(describeNeeds(needs("explore")).join("\n")).not.toMatch(/TensorFlow|Python/);
    expect(describeNeeds(needs("tune")).join("\n")).toMatch(/@mien\/tune[^]*TensorFlow[^]*Optuna/);
  });
});

describe("the folder of the set-up", () => {
  it("serves the commands whose needs are finished in it", async () => {
    expect(isSetUp(needs("explore"))).toBe(false);
    await setUp(["@mien/data", "@mien/train", "node-api-headers"], {
      ...{ tensorflow: false, python: false },
    });
    expect(isSetUp(needs("explore"))).toBe(true);
    expect(isSetUp(needs("fit"))).toBe(false);
    await setUp([], { tensorflow: true, python: false });
    expect(isSetUp(needs("fit"))).toBe(true);
    expect(isSetUp(needs("tune"))).toBe(false);
    await rm(path.join(setupFolder(), "node_modules/@mien/data"), { recursive: true });
    expect(isSetUp(needs("explore"))).toBe(false);
  });

  it("runs commands in its own mien, on its own Python", async () => {
    await setUp([], { tensorflow: false, python: true });
    const inVenv = process.platform === "win32" ? ".venv/Scripts" : ".venv/bin";
    const python = process.platform === "win32" ? "python.exe" : "python";
    await mkdir(path.join(setupFolder(), inVenv), { recursive: true });
    await writeFile(path.join(setupFolder(), inVenv, python), "");
    await runSetUpMien(["fit", "--epochs", "3"], "npx mien");
    const file = path.join(setupFolder(), "node_modules/mien/dist/index.js");
    const { calls } = (await import(file)) as { calls: unknown };
    expect(calls).toEqual([["npx mien", "fit", "--epochs", "3"]]);
    expect(process.env["MIEN_PYTHON"]).toBe(path.join(setupFolder(), inVenv, python));
  });

  it("is refused if it holds another program", async () => {
    await setUp([], { tensorflow: false, python: false });
    const file = path.join(setupFolder(), "node_modules/mien/dist/index.js");
    await writeFile(file, "export const other = 1;");
    await expect(runSetUpMien(["fit"], "mien")).rejects.toThrow(/index\.js is not mien/);
  });
});
