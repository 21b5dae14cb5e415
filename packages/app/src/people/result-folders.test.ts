import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { escapeHtml } from "@mien/plot";
import { createLbph, People } from "@mien/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import { filesWith } from "../testing/files-with.ts";
import { randomCrops } from "../testing/random-crops.ts";
import { PersonStore } from "./person-store.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-results-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = () => PersonStore.open(path.join(root, "people"), new People(createLbph()), [root]);
const consent = () => ({ given: new Date().toISOString(), keepDays: 30 });

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

describe("a store of people with recorded results", () => {
  it("deletes every file with the name, pictures or features of a person, and nothing of others", async () => {
    for (const name of ["Zoë O'Hara-Łuk", "Ben"]) {
      const store = await open();
      await store.add(name, await randomCrops(name.length), consent());
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
    await store.add("Happy", await randomCrops(5), consent());
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
    await store.add("Ada", await randomCrops(5), consent());
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

  it("leaves the old name nowhere after renaming", async () => {
    const store = await open();
    await store.add("Adda", await randomCrops(1), consent());
    await writeResults("sessions/1", ["Adda"]);
    await store.rename("Adda", "Ada Lovelace");
    expect(await filesWith(root, "Adda")).toEqual([]);
    expect((await (await open()).summary()).people).toMatchObject([
      { name: "Ada Lovelace", pictures: 3 },
    ]);
    await expect(store.rename("Nobody", "X")).rejects.toMatchObject({ code: "missing-file" });
  });
});
