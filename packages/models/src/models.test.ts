import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { embedding } from "./embedding.ts";
import * as models from "./index.ts";

const RELEASE = path.resolve(import.meta.dirname, "../../../artifacts/release");

describe("the models", () => {
  it.each(Object.entries({ ...models, embedding }))("hold the file of %s", (_, address) => {
    expect(existsSync(address)).toBe(true);
  });

  it("are the released ones", () => {
    const { default: best } = JSON.parse(
      readFileSync(path.join(RELEASE, "index.json"), "utf8"),
    ) as { default: string };
    const same = (address: URL, name: string) =>
      readFileSync(address).equals(readFileSync(path.join(RELEASE, name)));
    expect(same(models.expression, `${best}.onnx`)).toBe(true);
    expect(same(models.pocket, "pocket.onnx")).toBe(true);
    expect(same(models.detector, "faces/detector.onnx")).toBe(true);
    expect(same(embedding, "faces/embedding.onnx")).toBe(true);
  });
});
