import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identifyTeacher, readTeacher, writeTeacher } from "./teacher.ts";
import { smallSet } from "../testing/small-set.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-teacher-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const classes = smallSet.classes.length;
/** Row 0 has no probabilities; in the others they fall by one nat from class to class. */
const full = new Float32Array(smallSet.labels.length * classes);
for (let i = 1; i < smallSet.labels.length; i++) {
  for (let k = 0; k < classes; k++) full[i * classes + k] = 0.6321 * Math.exp(-((k + i) % classes));
}

describe("a teacher's probabilities", () => {
  it("are read back within the rounding to 1/16 nat, by row of the CSV", async () => {
    const file = path.join(folder, "teacher.bin");
    const reversed = full.slice().reverse();
    const both = { byLabels: full, byVotes: reversed };
    await writeTeacher(file, both, { set: smallSet, data: "abc", made: "test" });
    const { byLabels, byVotes } = await readTeacher(file, { set: smallSet, data: "abc" });
    const found = byLabels!;
    expect([...found.subarray(0, classes)]).toEqual(new Array(classes).fill(0));
    found.subarray(classes).forEach((value, i) => {
      expect(Math.abs(Math.log(value / full[classes + i]!))).toBeLessThan(1 / 16);
    });
    const subset = {
      ...smallSet,
      labels: smallSet.labels.slice(5, 9),
      row: smallSet.row.slice(5, 9),
    };
    const some = await readTeacher(file, { set: subset, data: "abc" });
    expect(some.byLabels).toEqual(found.slice(5 * classes, 9 * classes));
    expect(byVotes![0]).toBeCloseTo(full.at(-1)!, 1);
    await writeTeacher(file, { byVotes: reversed }, { set: smallSet, data: "abc", made: "test" });
    expect(await readTeacher(file, { set: smallSet, data: "abc" })).toEqual({ byVotes });
    expect((await identifyTeacher(file)).sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("are refused for other data, and if the file is of another kind", async () => {
    const file = path.join(folder, "other.bin");
    await writeTeacher(file, { byLabels: full }, { set: smallSet, data: "abc", made: "test" });
    await expect(readTeacher(file, { set: smallSet, data: "xyz" })).rejects.toMatchObject({
      code: "mismatch",
    });
    await writeFile(file, "not a teacher");
    await expect(readTeacher(file, { set: smallSet, data: "abc" })).rejects.toMatchObject({
      code: "bad-data",
    });
  });
});
