import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyzeCroppedImages } from "./analyze-images.ts";

let folder: string;
let classifier: ExpressionClassifier;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-images-"));
  classifier = await ExpressionClassifier.open(
    path.resolve(import.meta.dirname, "../../runtime/fixtures/halves.onnx"),
  );
});
afterAll(async () => {
  await classifier.close();
  await rm(folder, { recursive: true, force: true });
});

async function images(count: number): Promise<string[]> {
  const files = Array.from({ length: count }, (_, i) => path.join(folder, `${i}.png`));
  const create = { width: 20, height: 10, channels: 3, background: "#808080" } as const;
  for (const file of files) await sharp({ create }).png().toFile(file);
  return files;
}

describe("analysing images", () => {
  it("keeps the place in the list of those that can be read, and counts all as done", async () => {
    const files = await images(4);
    await writeFile(files[1]!, "broken");
    const done: number[] = [];
    const { results, failed } = await analyzeCroppedImages(files, classifier, {
      onProgress: (n) => done.push(n),
    });
    expect(results.map(({ source, frame }) => [source, frame])).toEqual([
      [files[0], 0],
      [files[2], 2],
      [files[3], 3],
    ]);
    const times = results.map(({ timeMs }) => timeMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(failed.map(({ file }) => file)).toEqual([files[1]]);
    expect(done).toEqual([1, 2, 3, 4]);
  });

  it("stops between two images when it is interrupted", async () => {
    const files = await images(3);
    const interruption = new AbortController();
    const analysis = analyzeCroppedImages(files, classifier, {
      signal: interruption.signal,
      onProgress: (done) => {
        if (done === 2) interruption.abort();
      },
    });
    await expect(analysis).rejects.toMatchObject({
      code: "interrupted",
      message: "2 of 3 images were read",
    });
  });

  it("does not take a failing model for a failing image", async () => {
    const closed = await ExpressionClassifier.open(
      path.resolve(import.meta.dirname, "../../runtime/fixtures/halves.onnx"),
    );
    await closed.close();
    await expect(analyzeCroppedImages(await images(1), closed)).rejects.toBeInstanceOf(MienError);
  });
});
