import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { MienError, type RawImage } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { comparePredictions, requireAgreement, type Agreement } from "../model/compare-outputs.ts";
import type { HubModelName } from "./hub-files.ts";

/** Largest difference of a probability. */
const TOLERANCE = 0.02;

/** Images in a file: the pixels of all images, one after another. */
export interface ImageFile {
  readonly images: string;
  /** Width, height and channels (1 or 3) of each image. */
  readonly sizes: readonly (readonly [number, number, number])[];
}

/** A program that runs the models of a folder, in a process of its own. */
export interface HubPeer {
  /** Name and version. */
  readonly name: string;
  /** Probabilities of each image, in the order of the labels. */
  predict(images: ImageFile, model: HubModelName): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Images of one kind, and the share of them that must have the same prediction. */
export interface HubImages extends ImageFile {
  /** Name in the table, for example `PublicTest`. */
  readonly name: string;
  /** 0–1. */
  readonly requiredAgreement: number;
}

/** A model of the folder, and the model that it was made from. */
export interface HubPair {
  readonly model: HubModelName;
  /** Path of the model that it was made from. */
  readonly original: string;
}

/** A comparison of one engine with mien. */
export interface HubComparison {
  readonly engine: string;
  readonly model: HubModelName;
  readonly images: HubImages;
  readonly agreement: Agreement;
}

/**
 * Compares the models of a folder in different engines with mien's answers from the models that they
 * were made from.
 *
 * @param what.folder in Hugging Face's layout.
 * @param what.onProgress called with the number of comparisons that are done.
 */
export async function compareHub(what: {
  readonly folder: string;
  readonly pairs: readonly HubPair[];
  readonly images: readonly HubImages[];
  readonly peers: readonly HubPeer[];
  readonly onProgress?: (done: number) => void;
}): Promise<HubComparison[]> {
  const { folder, pairs, images, peers, onProgress } = what;
  const mien: Pick<HubPeer, "name" | "predict"> = {
    name: "mien",
    predict: async (from, { file }) =>
      (await classify(path.join(folder, file), await readImages(from))).probabilities,
  };
  const engines = [mien, ...peers];
  const comparisons: HubComparison[] = [];
  for (const each of images) {
    const pictures = await readImages(each);
    for (const { model, original } of pairs) {
      const { probabilities: expected, classes } = await classify(original, pictures);
      for (const { name, predict } of engines) {
        const found = await predict(each, model);
        const allowed = { tolerance: TOLERANCE, samePredictions: each.requiredAgreement === 1 };
        const agreement = comparePredictions(expected, found, { classes, allowed });
        comparisons.push({ engine: name, model, images: each, agreement });
        onProgress?.(comparisons.length);
      }
    }
  }
  return comparisons;
}

/** @throws {MienError} `mismatch` for the first comparison that differs more than allowed. */
export function requireHubAgreement(comparisons: readonly HubComparison[]): void {
  for (const { engine, model, images, agreement } of comparisons) {
    const what = `mien and ${engine} with ${model.file} differ on ${images.name}`;
    requireAgreement(agreement, what);
    if (agreement.agreement < images.requiredAgreement) {
      throw new MienError(
        "mismatch",
        `${what}: ${(100 * agreement.agreement).toFixed(2)} % of the predictions are the same, ` +
          `expected ${100 * images.requiredAgreement} %`,
      );
    }
  }
}

/** The models of a folder, with the models that they were made from. */
export function pairsOf(
  folder: string,
  models: readonly HubModelName[],
  originals: readonly string[],
): HubPair[] {
  return models.flatMap((model, i) => {
    const original = originals[i];
    if (original === undefined || !existsSync(path.join(folder, model.file))) return [];
    if (existsSync(original)) return [{ model, original }];
    throw new MienError("missing-file", `${original}, from which ${folder} was made, is missing`, {
      advice: "Give the model in 32 bits by --model FILE.",
    });
  });
}

async function classify(file: string, images: readonly RawImage[]) {
  const classifier = await ExpressionClassifier.open(file);
  const answers = await classifier.classify(images).finally(() => classifier.close());
  const probabilities = Float32Array.from(answers.flatMap((answer) => answer.probabilities));
  return { probabilities, classes: classifier.labels };
}

async function readImages({ images, sizes }: ImageFile): Promise<RawImage[]> {
  const bytes = await readFile(images);
  let at = 0;
  return sizes.map(([width, height, channels]) => {
    const data = bytes.subarray(at, (at += width * height * channels));
    return { width, height, channels: channels === 1 ? 1 : 3, data };
  });
}
