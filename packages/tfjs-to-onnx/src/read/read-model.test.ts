import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError, random } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convertLayersModel } from "../convert.ts";
import { MIEN_NET } from "../testing/shape-models.ts";
import { loadTf, type Tf, type TfModel } from "../testing/tf.ts";
import { randomise } from "../testing/test-models.ts";
import { readLayersModel } from "./layers-model.ts";
import type { ModelSource } from "./model-source.ts";
import { readModel } from "./read-model.ts";

const FIXTURE = path.resolve(import.meta.dirname, "../../fixtures/keras2");
const SHARD = "group1-shard1of1.bin";

let tf: Tf;
let model: TfModel;
let root: string;
/** The file that the model of the folder converts to. */
let expected: Uint8Array;

beforeAll(async () => {
  tf = loadTf();
  root = await mkdtemp(path.join(tmpdir(), "mien source-"));
  model = MIEN_NET.build(tf);
  randomise(tf, model, random(5, "sources"));
  await model.save(`file://${root}`);
  expected = convertLayersModel(await readLayersModel(root));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Files as a browser has them. */
const bytesOf = async (...names: string[]) =>
  Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(root, name))] as const),
    ),
  );

async function expectSame(source: string | ModelSource): Promise<void> {
  expect(Buffer.from(convertLayersModel(await readLayersModel(source))).equals(expected)).toBe(
    true,
  );
}

describe("a LayersModel is read alike", () => {
  it("from the content of its files", async () => {
    const files = await bytesOf("model.json", "weights.bin");
    await expectSame({ files });
    const blobs = Object.entries(files).map(([name, bytes]) => [name, new Blob([bytes])] as const);
    await expectSame({ files: Object.fromEntries(blobs) });
    const moved = Object.entries(files).map(([name, bytes]) => [`a/${name}`, bytes] as const);
    await expectSame({ files: Object.fromEntries(moved), json: "a/model.json" });
  });

  it("from a handler of tf.io, and from what it loads", async () => {
    const handler = tf.io.fileSystem(path.join(root, "model.json"));
    await expectSame(handler);
    await expectSame(await handler.load());
  });

  it("from a tf.LayersModel in memory", async () => {
    await expectSame(model);
  });

  it("from an address", async () => {
    const server = createServer((request, response) => {
      readFile(path.join(root, path.basename(request.url ?? ""))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await expectSame(`http://127.0.0.1:${port}/model.json`);
      await expectSame(tf.io.http(`http://127.0.0.1:${port}/model.json`));
      await expect(readLayersModel(`http://127.0.0.1:${port}/other.json`)).rejects.toThrow(
        /other\.json: the server answers 404/,
      );
    } finally {
      server.close();
    }
  });

  it("from a JSON file with another name", async () => {
    await rename(path.join(root, "model.json"), path.join(root, "x2.json"));
    try {
      await expectSame(path.join(root, "x2.json"));
      await expectSame({ files: await bytesOf("x2.json", "weights.bin") });
    } finally {
      await rename(path.join(root, "x2.json"), path.join(root, "model.json"));
    }
  });

  it("whose weights are quantised, from a handler", async () => {
    const file = path.join(FIXTURE, "model.json");
    const handler = tf.io.fileSystem(file);
    const [a, b] = [await readLayersModel(FIXTURE), await readLayersModel(handler)];
    expect(b.maker).toEqual(a.maker);
    expect(b.weights).toEqual(a.weights);
  });
});

describe("a source that is no LayersModel", () => {
  const refusal = async (source: never) => {
    const error: unknown = await readModel(source).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MienError);
    return (error as MienError).message;
  };

  it("is refused with what is missing", async () => {
    const json = await readFile(path.join(root, "model.json"));
    expect(await refusal({} as never)).toMatch(/expected a LayersModel/);
    expect(await refusal("some/folder" as never)).toMatch(/not an address/);
    expect(await refusal({ files: {} } as never)).toMatch(/model\.json is not among the files/);
    expect(await refusal({ files: { "model.json": json } } as never)).toMatch(
      /names weights\.bin: weights\.bin is not among the files model\.json/,
    );
    expect(await refusal({ modelTopology: {} } as never)).toMatch(/"weightSpecs" and "weightData"/);
    const weights = { weightSpecs: [], weightData: new ArrayBuffer(4) };
    expect(await refusal({ modelTopology: {}, ...weights } as never)).toMatch(
      /weights should take 0 bytes, found 4/,
    );
    const graph = { load: () => Promise.resolve({ format: "graph-model", modelTopology: {} }) };
    expect(await refusal(graph as never)).toMatch(/is a graph model, expected a LayersModel/);
    const files = { "model.json": json, [SHARD]: new Uint8Array(3) };
    expect(await refusal({ files, json: "none.json" } as never)).toMatch(/cannot read none\.json/);
  });
});
