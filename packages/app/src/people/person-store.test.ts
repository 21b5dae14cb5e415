import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLbph, People } from "@mien/runtime";
import { unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { filesWith } from "../testing/files-with.ts";
import { randomCrops } from "../testing/random-crops.ts";
import { PersonStore } from "./person-store.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-people-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = () => PersonStore.open(path.join(root, "people"), new People(createLbph()), [root]);
const consent = () => ({ given: new Date().toISOString(), keepDays: 30 });

describe("a store of people", () => {
  it("still has a person and the consent when it is opened again", async () => {
    await (
      await open()
    ).add("Ada", await randomCrops(1), { given: "2026-01-02T03:04:05.000Z", keepDays: 36500 });
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

  it("writes the consent before the first picture", async () => {
    const store = await open();
    const added = store.add("Ada", await randomCrops(1, 30), consent());
    let files: string[];
    do {
      files = await readdir(path.join(root, "people"), { recursive: true }).catch(() => []);
    } while (!files.some((file) => file.endsWith(".jpg")));
    expect(files.map((file) => path.basename(file))).toContain("person.json");
    await added;
  });

  it("exports and merges the other pictures when one is missing", async () => {
    const store = await open();
    await store.add("Ada", await randomCrops(1), consent());
    await store.add("Countess", await randomCrops(2), consent());
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
    await store.add("Ada", await randomCrops(1), { given, keepDays: 30 });
    await store.add("Countess", await randomCrops(2), { given, keepDays: 10 });
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
    await store.add("Ada", await randomCrops(1), consent());
    await writeFile(path.join(root, "people", "Ada.person.0123abcd.tmp"), "Ada");
    await store.delete("Ada");
    expect(await readdir(path.join(root, "people"))).toEqual([]);
  });

  it("merges two entries of one person, and refuses to rename a person to an enrolled name", async () => {
    const store = await open();
    await store.add("Ada", await randomCrops(1), consent());
    await store.add("Countess", await randomCrops(2, 4), consent());
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
    await store.add(composed, await randomCrops(1), consent());
    await store.add(apart, await randomCrops(2), consent());
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
    const given = await randomCrops(1);
    await store.add("Ada", given, consent());
    await store.add("Ben", await randomCrops(2), consent());
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
    ).add("Ada", await randomCrops(1), { given: "2020-01-01T00:00:00.000Z", keepDays: 30 });
    await (await open()).add("Ben", await randomCrops(2), consent());
    expect((await (await open()).summary()).people.map(({ name }) => name)).toEqual(["Ben"]);
    expect(await filesWith(root, "Ada")).toEqual([]);
  });

  it("deletes a single picture, with what was computed from it, but not the last one", async () => {
    const store = await open();
    const taken = await randomCrops(1);
    await store.add("Ada", taken, consent());
    await store.add("Bob", await randomCrops(2), consent());
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
