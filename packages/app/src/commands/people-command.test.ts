import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { random } from "@mien/format";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesWith } from "../testing/files-with.ts";
import { acquire } from "./acquire-command.ts";
import { people } from "./people-command.ts";
import { runCommand } from "../testing/run-command.ts";

const SPOTS = path.resolve(import.meta.dirname, "../../../runtime/fixtures/spots.onnx");

const home = process.cwd();
let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-commands-"));
  // Where the released face models are.
  process.chdir(path.resolve(import.meta.dirname, "../../../.."));
});
afterAll(async () => {
  process.chdir(home);
  await rm(root, { recursive: true, force: true });
});

const at = (...names: string[]) => path.join(root, ...names);

/** Makes a folder of pictures with a bright, noisy square, which the test detector detects as a face. */
async function pictures(name: string, count: number, seed: number): Promise<string> {
  await mkdir(at(name), { recursive: true });
  for (let i = 0; i < count; i++) {
    const chance = random("grain", seed + i);
    const side = 64;
    const grain = Uint8Array.from({ length: side * side * 3 }, () => 130 + chance.integer(125));
    const input = await sharp(grain, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
    await sharp({ create: { width: 832, height: 640, channels: 3, background: "#202020" } })
      .composite([{ input, left: 256, top: 192 }])
      .png()
      .toFile(at(name, `${i}.png`));
  }
  return at(name);
}

const enrol = (name: string, source: string, ...more: string[]) =>
  runCommand(
    acquire,
    "--name",
    name,
    "--source",
    source,
    "--people",
    at("people"),
    "--detector",
    SPOTS,
    "--consent",
    ...more,
  );
const act = (...words: string[]) =>
  runCommand(people, ...words, "--people", at("people"), "--results", root);

describe("app:acquire", () => {
  it("prints what is stored, leaves out a picture that is like one before, and enrols", async () => {
    const source = await pictures("of ada", 5, 1);
    await writeFile(at("of ada", "same.png"), await readFile(at("of ada", "4.png")));
    const { code, out, err } = await enrol("Ada", source, "--count", "50");
    expect(err.replaceAll(/^pictures .*\n/gm, "")).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/the name "Ada"[^]*After 90 days they are deleted/);
    expect(out).toMatch(/left out 1: like one before/);
    expect(out).toMatch(/^Ada +5 +/m);
    expect(out).toContain("next  npx nx run app:live");
    const places = await readdir(at("people"));
    expect(places.filter((name) => !/^[0-9a-f]{16}$/.test(name))).toEqual(["Ada.person"]);
    expect(places).toHaveLength(2);
  });

  it("stores nothing without consent, a name, a face or a possible name", async () => {
    const before = await readdir(at("people"));
    const flags = ["--people", at("people"), "--source", at("of ada"), "--detector", SPOTS];
    const refusals = [
      [await runCommand(acquire, "--name", "Ben", ...flags), 2, /Ben has not consented/],
      [await runCommand(acquire, ...flags), 2, /--name is missing/],
      [await enrol("../Ben", at("of ada")), 2, /cannot be a name/],
    ] as const;
    for (const [ran, code, sentence] of refusals) {
      expect(ran.err).toMatch(sentence);
      expect(ran.code).toBe(code);
    }
    await mkdir(at("black"));
    await sharp({ create: { width: 416, height: 320, channels: 3, background: "black" } })
      .png()
      .toFile(at("black", "1.png"));
    const nobody = await enrol("Ben", at("black"));
    expect(nobody.err).toMatch(/no picture with exactly one face was found/);
    expect(nobody.code).toBe(1);
    expect(await readdir(at("people"))).toEqual(before);
  });
});

describe("app:people", () => {
  it("lists who is enrolled, the expected errors, and when each expires", async () => {
    const { code, out } = await act();
    expect(code).toBe(0);
    expect(out).toMatch(/^Ada +5 +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d/m);
    expect(out).toMatch(/expected errors: [\d.]+ % of strangers taken for an enrolled person/);
  });

  it("renames, merges and exports", async () => {
    await enrol("Countess", await pictures("of the countess", 3, 50), "--count", "3");
    expect((await act("rename", "Ada", "Ada Lovelace")).out).toMatch(/renamed Ada to Ada Lovelace/);
    expect((await act("rename", "Ada Lovelace", "Countess")).err).toMatch(/enrolled already/);
    const { out } = await act("merge", "Countess", "Ada Lovelace");
    expect(out).toMatch(/^Ada Lovelace +8 /m);
    expect(await filesWith(root, "Countess")).toEqual([]);
    await act("export", "Ada Lovelace", "--out", at("ada.zip"));
    const files = Object.keys(unzipSync(await readFile(at("ada.zip"))));
    expect(files.filter((file) => file.endsWith(".jpg"))).toHaveLength(8);
    expect((await stat(at("ada.zip"))).mode & 0o777).toBe(0o600);
  });

  it("deletes a person, also from results and exports, and fails for an unknown name", async () => {
    await mkdir(at("sessions"));
    const face = { person: { name: "Ada Lovelace", distance: 0.3 } };
    await writeFile(at("sessions", "results.jsonl"), `${JSON.stringify({ faces: [face] })}\n`);
    const { code, out } = await act("delete", "Ada Lovelace");
    expect(code).toBe(0);
    expect(out).toMatch(/deleted Ada Lovelace\nchanged [^]*nobody is enrolled/);
    expect(await filesWith(root, "Lovelace")).toEqual([]);
    expect(await readdir(at("people"))).toEqual([]);
    expect(await act("delete", "Ada Lovelace")).toMatchObject({ code: 1 });
  });

  it("prints whom it deleted because their time was over", async () => {
    await enrol("Ben", at("of ada"), "--count", "3");
    const [folder] = (await readdir(at("people"))).filter((name) => !name.endsWith(".person"));
    const file = at("people", folder as string, "person.json");
    const record = JSON.parse(await readFile(file, "utf8")) as object;
    await writeFile(file, JSON.stringify({ ...record, keepUntil: "2020-01-01T00:00:00.000Z" }));
    expect((await act("prune")).out).toMatch(/deleted Ben, who had expired/);
    expect(await filesWith(root, "Ben")).toEqual([]);
    expect((await act("prune")).out).toMatch(/nobody has expired/);
  });

  it("refuses an unknown action and a wrong number of names", async () => {
    expect(await act("forget")).toMatchObject({ code: 2 });
    expect((await act("rename", "Ada")).err).toMatch(/takes 2 names[^]*found 1/);
  });
});
