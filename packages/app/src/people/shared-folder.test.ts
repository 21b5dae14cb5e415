import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { processMark } from "@mien/cli";
import { createLbph, People, savePerson } from "@mien/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { filesWith } from "../testing/files-with.ts";
import { randomCrops } from "../testing/random-crops.ts";
import { PersonStore } from "./person-store.ts";

let root: string;
const opened: PersonStore[] = [];
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien-shared-"));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(root, { recursive: true, force: true });
});

/** Opens the folder of people as another command would. */
async function open(): Promise<PersonStore> {
  const store = await PersonStore.open(path.join(root, "people"), new People(createLbph()), [root]);
  opened.push(store);
  return store;
}
const consent = () => ({ given: new Date().toISOString(), keepDays: 30 });
const names = ({ people }: PersonStore) => people.list().map(({ name }) => name);

const crops = (seed: number) => randomCrops(seed, 1);

/** The mark of a process that has ended. */
async function markOfEnded(): Promise<string> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => 0, 60_000)"]);
  await once(child, "spawn");
  const mark = processMark(child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  return mark;
}

describe("commands that share a folder of people", () => {
  it("follow every change of one another before the other command ends", async () => {
    const running = await open();
    const gone: string[][] = [];
    await running.watch(async (change) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      gone.push([...change.gone]);
    });
    const other = await open();
    await other.add("Ada", await crops(1), consent());
    expect(names(running)).toEqual(["Ada"]);
    await other.rename("Ada", "Ada Lovelace");
    expect(names(running)).toEqual(["Ada Lovelace"]);
    await other.add("Countess", await crops(2), consent());
    await other.merge("Countess", "Ada Lovelace");
    expect(running.people.list()).toMatchObject([{ name: "Ada Lovelace", features: [{}, {}] }]);
    expect(await other.delete("Ada Lovelace")).toMatchObject({ found: true, unanswered: [] });
    expect(names(running)).toEqual([]);
    expect(gone.flat()).toEqual(["Ada", "Countess", "Ada Lovelace"]);
  });

  it("see a file of a person that was deleted by hand", async () => {
    const store = await open();
    await store.add("Ada", await crops(1), consent());
    const running = await open();
    await running.watch(() => Promise.resolve());
    await rm(path.join(root, "people", "Ada.person"));
    await expect.poll(() => names(running)).toEqual([]);
  });

  it("cannot bring back a person whom another one deleted", async () => {
    const stale = await open();
    await stale.add("Ada", await crops(1), consent());
    await stale.add("Ben", await crops(2), consent());
    await (await open()).delete("Ada");
    await expect(stale.rename("Ada", "Ada L.")).rejects.toMatchObject({ code: "missing-file" });
    await expect(stale.merge("Ada", "Ben")).rejects.toMatchObject({ code: "missing-file" });
    await expect(stale.export("Ada")).rejects.toMatchObject({ code: "missing-file" });
    expect(await filesWith(root, "Ada")).toEqual([]);
  });

  it("store nobody whose consent is older than the deletion", async () => {
    const running = await open();
    let isDeleted = false;
    await running.watch((change) => {
      isDeleted ||= change.isDeleted("Ada");
      return Promise.resolve();
    });
    const earlier = consent();
    await (await open()).delete("Ada");
    expect(isDeleted).toBe(true);
    await expect(running.add("Ada", await crops(1), earlier)).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await filesWith(root, "Ada")).toEqual([]);
    await running.add("Ada", await crops(1), consent());
    expect(names(running)).toEqual(["Ada"]);
  });

  it("lose no change if several make one at the same time", async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const given = await crops(1);
    await Promise.all(
      stores.flatMap((store, i) => [
        store.add(`Person ${i}`, given, consent()),
        store.add("Everyone", given, consent()),
      ]),
    );
    const { people } = await (await open()).summary();
    expect(Object.fromEntries(people.map(({ name, pictures }) => [name, pictures]))).toEqual({
      Everyone: 3,
      "Person 0": 1,
      "Person 1": 1,
      "Person 2": 1,
    });
  });

  it("keep no embedding without a record of consent under another name", async () => {
    const store = await open();
    await savePerson(
      path.join(root, "people"),
      {
        name: "Ada",
        enrolled: "2026-01-01",
        features: [new Float32Array(store.people.recogniser.length)],
      },
      store.people.recogniser.kind,
    );
    await expect(store.rename("Ada", "Ben")).rejects.toMatchObject({ code: "conflict" });
    expect(await filesWith(root, "Ben")).toEqual([]);
    expect(await store.delete("Ada")).toMatchObject({ found: true });
  });

  it("delete what killed ones left behind, and nothing else", async () => {
    const store = await open();
    await store.add("Ben", await crops(2), consent());
    const before = await filesWith(root, "");
    const mark = await markOfEnded();
    const folder = path.join(root, "people", "0123456789abcdef");
    await mkdir(folder, { recursive: true });
    // A killed enrolment: pictures and consent, but no features.
    await writeFile(path.join(folder, "person.json"), `{"name":"Ada","pictures":[]}`);
    await writeFile(path.join(folder, "a.jpg"), "Ada");
    await mkdir(path.join(root, "results"), { recursive: true });
    for (const file of ["people/.running/1-0.x/n.json", `results/faces.csv.${mark}.01234567.tmp`]) {
      await mkdir(path.dirname(path.join(root, file)), { recursive: true });
      await writeFile(path.join(root, file), "Ada");
    }
    await (await open()).watch(() => Promise.resolve());
    expect(await filesWith(root, "Ada")).toEqual([]);
    for (const opener of opened.splice(0)) await opener.close();
    const expected = [...before, path.join(root, "results")];
    expect((await filesWith(root, "")).sort()).toEqual(expected.sort());
  });

  it("leave nothing in a folder in which nobody is enrolled", async () => {
    const running = await open();
    await running.watch(() => Promise.resolve());
    await running.close();
    expect(await readdir(root)).toEqual([]);
  });

  it("erase a person wherever results were written, also in the summary of an analysis", async () => {
    const elsewhere = await mkdtemp(path.join(tmpdir(), "mien-elsewhere-"));
    try {
      const store = await open();
      await store.add("Ada", await crops(1), consent());
      await store.rememberResults(elsewhere);
      const face = { person: { name: "Ada", distance: 1 } };
      await writeFile(path.join(elsewhere, "results.jsonl"), JSON.stringify({ faces: [face] }));
      await writeFile(path.join(elsewhere, "other.json"), `{"people":{"Ada":3,"Ben":1}}`);
      await (await open()).delete("Ada");
      expect(await filesWith(elsewhere, "Ada")).toEqual([]);
      expect(await filesWith(elsewhere, "Ben")).toHaveLength(1);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });
});
