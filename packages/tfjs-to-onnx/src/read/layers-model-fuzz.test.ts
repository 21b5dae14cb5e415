import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError } from "@mien/format";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIEN_NET } from "../testing/shape-models.ts";
import { functionalModels } from "../testing/functional-models.ts";
import { loadTf } from "../testing/tf.ts";
import { convertLayersModel } from "../convert.ts";
import { readLayersModel } from "./layers-model.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien layers-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Every place inside a JSON value, as a path of keys. */
function places(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...at, key]))];
}

describe("a model.json in which one value is replaced", () => {
  it("is converted, or refused with a MienError, whatever the value", async () => {
    const tf = loadTf();
    const functional = path.join(root, "functional");
    await functionalModels()
      .find(({ name }) => name === "a model inside, used twice")
      ?.build(tf)
      .save(`file://${functional}`);
    const sequential = path.join(root, "sequential");
    await MIEN_NET.build(tf).save(`file://${sequential}`);
    const files = await Promise.all(
      [sequential, functional].map(async (folder) => ({
        folder,
        text: await readFile(path.join(folder, "model.json"), "utf8"),
      })),
    );
    const values = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(0, -1, 1e308, 2 ** 53, "__proto__", "constructor", "Model", "same", [[]]),
    );
    let converted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        values,
        async ({ folder, text }, n, value) => {
          const json = JSON.parse(text) as Record<string, unknown>;
          const all = places(json);
          const place = all[n % all.length] as (string | number)[];
          let parent = json as Record<string | number, unknown>;
          for (const key of place.slice(0, -1)) parent = parent[key] as typeof parent;
          const last = place.at(-1);
          if (last !== undefined) parent[last] = value;
          await writeFile(path.join(folder, "model.json"), JSON.stringify(json));
          const error: unknown = await readLayersModel(folder)
            .then((model) => void convertLayersModel(model))
            .catch((reason: unknown) => reason);
          expect(error === undefined || error instanceof MienError).toBe(true);
          if (error === undefined) converted++;
        },
      ),
      { seed: 7, numRuns: 1500 },
    );
    // Many settings, such as initialisers, do not matter; the others must be caught.
    expect(converted).toBeGreaterThan(150);
    expect(converted).toBeLessThan(1350);
  });
});
