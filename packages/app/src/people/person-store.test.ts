import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { random } from "@mien/format";
import { escapeHtml } from "@mien/plot";
import { createLbph, People } from "@mien/runtime";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import type { Crop } from "./crop-features.ts";
import { PersonStore } from "./person-store.ts";
import { filesWith } from "../testing/files-with.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-people-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = () => PersonStore.open(path.join(root, "people"), new People(createLbph()), [root]);
const consent = () => ({ given: new Date().toISOString(), keepDays: 30 });

async function crops(seed: number, count = 3): Promise<Crop[]> {
  const chance = random("crop", seed);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const pixels = Uint8Array.from({ length: 80 * 80 * 3 }, () => chance.integer(256));
      const raw = { width: 80, height: 80, channels: 3 as const };
      return {
        jpeg: await sharp(pixels, { raw }).jpeg().toBuffer(),
        box: [20, 20, 40, 40] as const,
      };
    }),
  );
}

/** Writes results as app:analyze and a recorded session do. */
async function writeResults(place: string, names: readonly string[]): Promise<void> {
  const folder = path.join(root, place);
  await mkdir(path.join(folder, "annotated"), { recursive: true });
  const result = {
    type: "frame" as const,
    source: "x",
    frame: 0,
    timeMs: 0,
    width: 9,
    height: 9,
    timings: {},
    faces: names.map((name, track) => ({
      track,
      box: [0, 0, 1, 1] as const,
      score: 1,
      distanceMm: null,
      relief: "unknown" as const,
      person: { name, distance: 0.5 },
      probabilities: [1],
      expression: "Happy",
      confirmed: "Happy",
      quorumReached: true,
    })),
  };
  await writeFile(
    path.join(folder, "results.jsonl"),
    `{"labels":["Happy"]}\n${JSON.stringify(result)}\n`,
  );
  await writeFile(
    path.join(folder, "faces.csv"),
    `${[csvHeader(["Happy"]), ...csvLines(result)].join("\n")}\n`,
  );
  await writeFile(
    path.join(folder, "report.html"),
    `<h2>${names.map(escapeHtml).join("</h2><h2>")}</h2>`,
  );
  await writeFile(path.join(folder, "annotated", "a.jpg"), "drawn");
}

describe("a store of people", () => {
  it("still has a person and the consent when it is opened again", async () => {
    await (
      await open()
    ).add("Ada", await crops(1), { given: "2026-01-02T03:04:05.000Z", keepDays: 36500 });
    const { people } = await (await open()).summary();
    expect(people).toMatchObject([
      { name: "Ada", pictures: 3, enrolled: "2026-01-02T03:04:05.000Z" },
    ]);
    const [file] = await filesWith(root, "given");
    const record = JSON.parse(await readFile(file as string, "utf8")) as { consent: object };
    expect(record.consent).toMatchObject({
      given: "2026-01-02T03:04:05.000Z",
      text: expect.stringContaining('"Ada"') as string,
    });
  });

  it("deletes every file with the name, pictures or features of a person, and nothing of others", async () => {
    for (const name of ["Zoë O'Hara-Łuk", "Ben"]) {
      const store = await open();
      await store.add(name, await crops(name.length), consent());
    }
    const names = ["Zoë O'Hara-Łuk", "Ben"];
    await writeResults("sessions/1", names);
    await writeResults("analyze", names);
    await writeFile(path.join(root, "analyze", "run.log"), "saw Zoë O'Hara-Łuk\n");
    const store = await open();
    await writeFile(path.join(root, "zoe.zip"), await store.export("Zoë O'Hara-Łuk"));
    await writeFile(path.join(root, "ben.zip"), await store.export("Ben"));
    const before = (await readdir(path.join(root, "people"))).length;
    const { found, files } = await store.delete("Zoë O'Hara-Łuk");
    expect(found).toBe(true);
    expect(files.length).toBeGreaterThanOrEqual(8);
    for (const text of ["Zoë", "O'Hara", "Łuk"]) expect(await filesWith(root, text)).toEqual([]);
    expect(await readdir(root)).toContain("ben.zip");
    expect(await readdir(root)).not.toContain("zoe.zip");
    // The folder and the file of features are gone.
    expect((await readdir(path.join(root, "people"))).length).toBe(before - 2);
    expect((await (await open()).summary()).people.map(({ name }) => name)).toEqual(["Ben"]);
    const lines = (await readFile(path.join(root, "analyze/results.jsonl"), "utf8")).split("\n");
    const faces = (JSON.parse(lines[1] as string) as { faces: { person: unknown }[] }).faces;
    expect(faces.map(({ person }) => person)).toEqual([null, { name: "Ben", distance: 0.5 }]);
    const [head, first, second] = (
      await readFile(path.join(root, "analyze/faces.csv"), "utf8")
    ).split("\n");
    expect(first?.split(",").length).toBe(head?.split(",").length);
    expect(second).toContain("Ben");
  });

  it("does not change files that contain a name only as another word", async () => {
    await mkdir(path.join(root, "runs"), { recursive: true });
    await writeFile(path.join(root, "runs", "config.json"), '{"classes":["Happy"]}');
    const store = await open();
    await store.add("Happy", await crops(5), consent());
    await writeResults("analyze", ["Ben"]);
    const before = await readdir(path.join(root, "analyze"));
    await store.delete("Happy");
    expect(await readdir(path.join(root, "analyze"))).toEqual(before);
    expect(await readFile(path.join(root, "analyze", "results.jsonl"), "utf8")).toMatch(/Happy/);
    expect(await readFile(path.join(root, "runs", "config.json"), "utf8")).toBe(
      '{"classes":["Happy"]}',
    );
  });

  it("erases a name in a large table, and keeps its other lines and its permissions", async () => {
    const store = await open();
    await store.add("Ada", await crops(5), consent());
    const file = path.join(root, "results.jsonl");
    const others = Array.from(
      { length: 20_000 },
      (_, i) => `{"frame":${i},"text":"Zoë \u2028 1.0"}`,
    );
    const lines = others.flatMap((line, i) =>
      i % 1000 === 0 ? [line, `{"person":{"name":"Ada"},"frame":${i}}`] : [line],
    );
    await writeFile(file, lines.join("\n"));
    await chmod(file, 0o600);
    await store.delete("Ada");
    const left = (await readFile(file, "utf8")).split("\n");
    expect(left.length).toBe(lines.length);
    expect(left.filter((line) => !line.startsWith('{"person":null,'))).toEqual(others);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("writes the consent before the first picture", async () => {
    const store = await open();
    const added = store.add("Ada", await crops(1, 30), consent());
    let files: string[];
    do {
      files = await readdir(path.join(root, "people"), { recursive: true }).catch(() => []);
    } while (!files.some((file) => file.endsWith(".jpg")));
    expect(files.map((file) => path.basename(file))).toContain("person.json");
    await added;
  });

  it("exports and merges the other pictures when one is missing", async () => {
    const store = await open();
    await store.add("Ada", await crops(1), consent());
    await store.add("Countess", await crops(2), consent());
    const records = await filesWith(path.join(root, "people"), '"Countess"');
    const folder = path.dirname(records.find((file) => file.endsWith("person.json")) as string);
    const [missing] = (await readdir(folder)).filter((file) => file.endsWith(".jpg"));
    await rm(path.join(folder, missing as string));
    const exported = async (name: string) =>
      Object.keys(unzipSync(await store.export(name))).filter((file) => file.endsWith(".jpg"));
    expect(await exported("Countess")).toHaveLength(2);
    await store.merge("Countess", "Ada");
    expect(await exported("Ada")).toHaveLength(5);
  });

  it("keeps merged pictures until the earlier of two expiry dates, with both consents", async () => {
    const store = await open();
    const given = new Date().toISOString();
    await store.add("Ada", await crops(1), { given, keepDays: 30 });
    await store.add("Countess", await crops(2), { given, keepDays: 10 });
    await store.merge("Countess", "Ada");
    const files = unzipSync(await store.export("Ada"));
    const record = JSON.parse(Buffer.from(files["person.json"] as Uint8Array).toString()) as {
      keepUntil: string;
      consent: { text: string };
      otherConsents: { text: string }[];
    };
    expect(Date.parse(record.keepUntil) - Date.parse(given)).toBe(10 * 86_400_000);
    expect(record.consent.text).toMatch(/"Ada"[^]*After 30 days/);
    expect(record.otherConsents.map(({ text }) => text)).toEqual([
      expect.stringMatching(/"Ada"[^]*After 10 days/),
    ]);
  });

  it("deletes the temporary file of features whose writing was interrupted", async () => {
    const store = await open();
    await store.add("Ada", await crops(1), consent());
    await writeFile(path.join(root, "people", "Ada.person.0123abcd.tmp"), "Ada");
    await store.delete("Ada");
    expect(await readdir(path.join(root, "people"))).toEqual([]);
  });

  it("leaves the old name nowhere after renaming", async () => {
    const store = await open();
    await store.add("Adda", await crops(1), consent());
    await writeResults("sessions/1", ["Adda"]);
    await store.rename("Adda", "Ada Lovelace");
    expect(await filesWith(root, "Adda")).toEqual([]);
    expect((await (await open()).summary()).people).toMatchObject([
      { name: "Ada Lovelace", pictures: 3 },
    ]);
    await expect(store.rename("Nobody", "X")).rejects.toMatchObject({ code: "missing-file" });
  });

  it("merges two entries of one person, and refuses to rename a person to an enrolled name", async () => {
    const store = await open();
    await store.add("Ada", await crops(1), consent());
    await store.add("Countess", await crops(2, 4), consent());
    await expect(store.rename("Countess", "Ada")).rejects.toMatchObject({ code: "conflict" });
    await store.merge("Countess", "Ada");
    expect((await (await open()).summary()).people).toMatchObject([{ name: "Ada", pictures: 7 }]);
    expect(await filesWith(root, "Countess")).toEqual([]);
    expect(
      Object.keys(unzipSync(await store.export("Ada"))).filter((f) => f.endsWith(".jpg")),
    ).toHaveLength(7);
  });

  it("treats every Unicode spelling of a name as the same person", async () => {
    const [composed, apart] = ["Zo\u00eb", " Zoe\u0308\u3000"];
    const store = await open();
    await store.add(composed, await crops(1), consent());
    await store.add(apart, await crops(2), consent());
    expect((await (await open()).summary()).people).toMatchObject([
      { name: composed, pictures: 6 },
    ]);
    expect(unzipSync(await store.export(apart))).toHaveProperty(["person.json"]);
    await store.rename(apart, "Zo\u00eb\u200c\u00b7");
    expect((await (await open()).summary()).people).toMatchObject([{ pictures: 6 }]);
    expect(await store.delete("Zoe\u0308\u200c\u00b7")).toMatchObject({ found: true });
    expect(await readdir(path.join(root, "people"))).toEqual([]);
  });

  it("exports everything that is stored about one person, and nothing about others", async () => {
    const store = await open();
    const given = await crops(1);
    await store.add("Ada", given, consent());
    await store.add("Ben", await crops(2), consent());
    const files = unzipSync(await store.export("Ada"));
    const text = (name: string) => Buffer.from(files[name] as Uint8Array).toString();
    expect(JSON.parse(text("features.json"))).toMatchObject({ name: "Ada" });
    expect(text("person.json")).not.toContain("Ben");
    const pictures = Object.entries(files).filter(([name]) => name.startsWith("pictures/"));
    expect(pictures.map(([, bytes]) => Buffer.from(bytes).toString("hex")).sort()).toEqual(
      given.map(({ jpeg }) => Buffer.from(jpeg).toString("hex")).sort(),
    );
  });

  it("deletes expired people when it is opened", async () => {
    await (
      await open()
    ).add("Ada", await crops(1), { given: "2020-01-01T00:00:00.000Z", keepDays: 30 });
    await (await open()).add("Ben", await crops(2), consent());
    expect((await (await open()).summary()).people.map(({ name }) => name)).toEqual(["Ben"]);
    expect(await filesWith(root, "Ada")).toEqual([]);
  });

  it("deletes a single picture, with what was computed from it, but not the last one", async () => {
    const store = await open();
    const taken = await crops(1);
    await store.add("Ada", taken, consent());
    await store.add("Bob", await crops(2), consent());
    const [first, second, third] = await store.pictures("Ada");
    expect(await store.picture("Ada", second!)).toEqual(Buffer.from(taken[1]!.jpeg));
    await expect(store.picture("Bob", second!)).rejects.toMatchObject({ code: "missing-file" });
    await expect(store.removePicture("Ada", "../x.jpg")).rejects.toMatchObject({
      code: "missing-file",
    });
    await store.removePicture("Ada", second!);
    expect(await store.pictures("Ada")).toEqual([first, third]);
    const kept = new People(createLbph());
    await PersonStore.open(path.join(root, "people"), kept, [root]);
    const expected = new People(createLbph());
    const other = await PersonStore.open(path.join(root, "other"), expected, []);
    await other.add("Ada", [taken[0]!, taken[2]!], consent());
    const featuresOf = (people: People) =>
      people.list().find(({ name }) => name === "Ada")?.features;
    expect(featuresOf(kept)).toEqual(featuresOf(expected));
    await store.removePicture("Ada", first!);
    await expect(store.removePicture("Ada", third!)).rejects.toMatchObject({ code: "usage" });
    expect(await store.pictures("Ada")).toEqual([third]);
  });
});
