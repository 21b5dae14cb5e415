import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { random } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { People } from "./people.ts";
import { decodePerson, encodePerson } from "./person-file.ts";
import { deletePerson, loadPeople, savePerson } from "./person-folder.ts";
import { createLbph, openEmbedding, type Recogniser } from "./recogniser.ts";
import { DATA, EMBEDDING } from "../testing/data.ts";
import { describeOrl, identify, identifyAlone, readOrl, type OrlFace } from "../testing/orl.ts";

/** A recogniser of points in 8 dimensions, for tests that need no faces. */
const points: Recogniser = {
  kind: "points",
  length: 8,
  neighbours: 3,
  minDeviation: 0.1,
  describe: () => Promise.resolve([]),
  distance: (a, b) => Math.hypot(...a.map((v, i) => v - b[i]!)),
  close: () => Promise.resolve(),
};

/** Features of a person's pictures: points near one place, which depends on the seed. */
function pictures(person: number, count = 6, spread = 0.1): Float32Array[] {
  const place = random(person, "place");
  const centre = Array.from({ length: 8 }, () => place.normal());
  const stream = random(person, "pictures");
  return Array.from({ length: count }, () =>
    Float32Array.from(centre, (value) => value + spread * stream.normal()),
  );
}

describe("people", () => {
  it("are recognised in new pictures, and strangers are not", () => {
    const people = new People(points);
    for (let i = 1; i <= 5; i++) people.add(`person ${i}`, pictures(i).slice(0, 4));
    for (let i = 1; i <= 5; i++) {
      expect(people.identify(pictures(i)[5]!)?.name).toBe(`person ${i}`);
    }
    for (let i = 50; i < 70; i++) expect(people.identify(pictures(i)[0]!)).toBe(null);
    const { falseAccept, falseReject, genuine, impostor } = people.thresholdEstimate();
    expect(falseAccept).toBeLessThanOrEqual(0.0101);
    expect(falseReject).toBeLessThan(0.2);
    expect([genuine, impostor]).toEqual([20, 20]);
  });

  it("can be added and removed at any time; with nobody enrolled, every face is a stranger's", () => {
    const people = new People(points);
    expect(people.identify(pictures(1)[0]!)).toBe(null);
    people.add("Ada", pictures(1));
    people.add(" Ada ", pictures(1, 9).slice(6));
    expect(people.list().map(({ name, features }) => [name, features.length])).toEqual([
      ["Ada", 9],
    ]);
    people.add("Bob", pictures(2));
    expect(people.identify(pictures(2, 8)[7]!)?.name).toBe("Bob");
    expect(people.remove("Bob")).toBe(true);
    expect(people.remove("Bob")).toBe(false);
    expect(people.identify(pictures(2, 8)[7]!)).toBe(null);
  });

  it("are recognised by their own pictures when only one is enrolled", () => {
    const people = new People(points);
    people.add("Ada", pictures(1));
    expect(people.identify(pictures(1, 8)[7]!)?.name).toBe("Ada");
    expect(people.identify(pictures(2)[0]!)).toBe(null);
    expect(people.thresholdEstimate().falseAccept).toBe(null);
  });

  it("are recognised at another moment, although their pictures were all alike", () => {
    for (const [minDeviation, name] of [
      [0, undefined],
      [0.1, "Ada"],
    ] as const) {
      const people = new People({ ...points, minDeviation });
      people.add("Ada", pictures(1, 6, 0.001));
      people.add("Bob", pictures(2, 6, 0.001));
      expect(people.identify(pictures(1, 8, 0.1)[7]!)?.name).toBe(name);
      expect(people.identify(pictures(3)[0]!)).toBe(null);
    }
  });

  it("need a name and features of the same kind", () => {
    const people = new People(points);
    expect(() => people.add(" ", pictures(1))).toThrow(/1 to 100 characters/);
    expect(() => people.add("Ada", [])).toThrow(/no picture of Ada/);
    expect(() => people.add("Ada", [new Float32Array(7)])).toThrow(/expected 8 .* of 7 values/);
    expect(() => people.add("Ada", [new Float32Array(8).fill(NaN)])).toThrow(/not of points/);
    expect(() => new People(points, { maxFalseAccept: 0.7 })).toThrow(/maxFalseAccept/);
  });
});

describe("a folder of people", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "mien people-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("returns the people that were saved, under any name, and only its owner may read it", async () => {
    const people = new People(points);
    const names = ["Ada Lovelace", "李小龍", "../up", "a/b", 'Q"uote', "x".repeat(90)];
    for (const [i, name] of names.entries()) {
      const file = await savePerson(folder, people.add(name, pictures(i)), points.kind);
      // Windows has no such permissions.
      const { mode } = await stat(file);
      expect(process.platform === "win32" ? 0 : mode & 0o77).toBe(0);
    }
    const files = await readdir(folder);
    expect(files).toHaveLength(names.length);
    expect(files).toContain("Ada Lovelace.person");
    const back = new People(points);
    expect(await loadPeople(folder, back)).toEqual([]);
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(back.list().sort(byName)).toEqual(people.list().sort(byName));
  });

  it("loses only the damaged files", async () => {
    await writeFile(
      path.join(folder, "cut.person"),
      encodePerson(new People(points).add("Cut", pictures(9)), "points").subarray(0, 200),
    );
    await writeFile(path.join(folder, "text.person"), "not a person");
    await writeFile(path.join(folder, "empty.person"), "");
    await writeFile(path.join(folder, "notes.txt"), "skip me");
    const other = new People(points).add("Other", pictures(9));
    await savePerson(folder, other, "embedding-128");
    const people = new People(points);
    const damaged = await loadPeople(folder, people);
    expect(damaged.map(({ file, error }) => [path.basename(file), error.code])).toEqual([
      ["Other.person", "mismatch"],
      ["cut.person", "bad-data"],
      ["empty.person", "bad-data"],
      ["text.person", "bad-data"],
    ]);
    expect(damaged[1]!.error.message).toMatch(
      /cut\.person is no file of a person that mien can read/,
    );
    expect(people.size).toBe(6);
    await expect(loadPeople(path.join(folder, "notes.txt"), people)).rejects.toMatchObject({
      code: "missing-file",
    });
    expect(await loadPeople(path.join(folder, "none"), people)).toEqual([]);
  });

  it("deletes a person, and a damaged file of that name", async () => {
    expect(await deletePerson(folder, "Ada Lovelace")).toBe(true);
    expect(await deletePerson(folder, "Ada Lovelace")).toBe(false);
    expect(await deletePerson(folder, "cut")).toBe(true);
    const people = new People(points);
    await loadPeople(folder, people);
    expect(people.list().map(({ name }) => name)).not.toContain("Ada Lovelace");
  });

  it("keeps people apart whose long names begin alike, and deletes only the one that is named", async () => {
    const long = path.join(folder, "long");
    const [one, other] = ["a".repeat(70) + "1", "a".repeat(70) + "2"];
    await savePerson(long, new People(points).add(one, pictures(1)), points.kind);
    await savePerson(long, new People(points).add(other, pictures(2)), points.kind);
    const names = async () => {
      const people = new People(points);
      await loadPeople(long, people);
      return people.list().map(({ name }) => name);
    };
    expect((await names()).sort()).toEqual([one, other]);
    // A file that was renamed by hand belongs to the person named in it.
    await rename(path.join(long, (await readdir(long))[0]!), path.join(long, "Ada.person"));
    expect(await deletePerson(long, "Ada")).toBe(false);
    expect(await deletePerson(long, one)).toBe(true);
    expect(await names()).toEqual([other]);
  });

  it("reads files of any name, and saves each person in one file", async () => {
    const old = path.join(folder, "old");
    await mkdir(old);
    const people = new People(points);
    const write = (file: string, name: string, seed: number) =>
      writeFile(path.join(old, file), encodePerson(people.add(name, pictures(seed)), points.kind));
    // Names of mien 0.1, where the file of `ada` has the name for `Ada`.
    await write("a%2fb.person", "a/b", 1);
    await write("Ada.person", "ada", 2);
    await write("by hand.person", "Ben", 3);
    const read = async () => {
      const back = new People(points);
      expect(await loadPeople(old, back)).toEqual([]);
      return Object.fromEntries(back.list().map(({ name, features }) => [name, features.length]));
    };
    expect(await read()).toEqual({ "a/b": 6, ada: 6, Ben: 6 });
    people.add("Ada", pictures(4));
    for (const person of people.list()) await savePerson(old, person, points.kind);
    expect(await read()).toEqual({ "a/b": 6, ada: 6, Ben: 6, Ada: 6 });
    expect((await readdir(old)).map((file) => file.replace(/-[\da-f]{8}/, "-#")).sort()).toEqual([
      "Ada.person",
      "Ben.person",
      "a-b-#.person",
      "ada-#.person",
    ]);
    await writeFile(path.join(old, "a%2fb.person"), "damaged");
    expect(await deletePerson(old, "a/b")).toBe(true);
    expect(await read()).toEqual({ ada: 6, Ben: 6, Ada: 6 });
  });

  it("refuses a file with values that are not finite", () => {
    const bytes = encodePerson(new People(points).add("Ada", pictures(1)), "points");
    bytes.fill(0xff, bytes.length - 4);
    expect(() => decodePerson(bytes, "a.person")).toThrow(/not finite/);
  });
});

describe.skipIf(DATA === undefined)("on the ORL faces", () => {
  let faces: OrlFace[][];
  beforeAll(async () => {
    faces = await readOrl();
  });

  it("the embedding has at least 98.5 % top-1, at most 3 % false accepts and 8 % false rejects", async () => {
    const embedding = await openEmbedding(EMBEDDING);
    const features = await describeOrl(faces, embedding);
    await embedding.close();
    const rates = identify(features, embedding);
    const single = identifyAlone(features, embedding);
    // With one person enrolled, the only strangers are the points that come with mien.
    expect(single.falseAccept).toBeLessThanOrEqual(0.03);
    expect(single.falseReject).toBeLessThanOrEqual(0.12);
    expect(rates.top1).toBeGreaterThanOrEqual(0.985);
    expect(rates.falseAccept).toBeLessThanOrEqual(0.03);
    expect(rates.falseReject).toBeLessThanOrEqual(0.08);
  });

  it("LBPH has at most 3 % false accepts", async () => {
    // Smaller histograms than the default's, and one split, so that the test stays short.
    const lbph = createLbph({ gridX: 4, gridY: 5, neighbors: 6 });
    const rates = identify(await describeOrl(faces, lbph), lbph, 1);
    expect(rates.top1).toBeGreaterThan(0.8);
    expect(rates.falseAccept).toBeLessThanOrEqual(0.03);
  });
});
