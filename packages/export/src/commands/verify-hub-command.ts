import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  csvOption,
  dataFolder,
  defineCommand,
  formatPercent,
  readJson,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import { loadWithProgress } from "@mien/data";
import { imagesAt, isRecord, MienError, USAGES } from "@mien/format";
import { startTransformersPage } from "../benchmark/hub-page-peer.ts";
import { startHubPython, startTransformersJs } from "../benchmark/hub-peers.ts";
import { HUB_MODELS } from "../hub/hub-files.ts";
import { recordOf } from "../hub/hub-folder.ts";
import {
  compareHub,
  pairsOf,
  requireHubAgreement,
  type HubImages,
  type HubPeer,
  type ImageFile,
} from "../hub/verify-hub.ts";
import { PRECISIONS } from "../model/model-precision.ts";

/** Share of the crops that must have the same prediction: engines scale images differently. */
const CROPS_AGREEMENT = 0.99;

export const verifyHub = defineCommand({
  name: "verify-hub",
  summary: "Verify that other programs get the same answers from a folder in Hugging Face's layout",
  details:
    "Runs the models of the folder in transformers.js (in Node, and in a page of Chromium if there is one), in onnxruntime for Python and in mien, and compares the answers with those of mien from the models that the folder was made from.\n" +
    "The images are those of the validation split, in their own size, and crops of photographs in other sizes. " +
    "Fails if a prediction on the validation split differs, if more than 1 % of the predictions on the crops differ, or if a probability differs by more than 0.02.\n" +
    "The first time, installs transformers.js and the Python packages into the cache folder (about 700 MB). The programs open no network connection when they run.",
  examples: [
    "npx nx run export:verify-hub artifacts/models/fer2013-hub",
    "npx nx run export:verify-hub artifacts/models/fer2013-hub --crops my-faces",
  ],
  positional: {
    name: "FOLDER",
    description: "Folder that export:onnx --for hub wrote",
    required: true,
  },
  options: {
    csv: { ...csvOption, description: "Data set whose validation images are compared" },
    crops: {
      type: "string",
      placeholder: "DIR",
      description:
        "Folder of images of cropped faces in any size, or of photographs and boxes.json",
      defaultText: "the folders faces and orl in MIEN_DATA",
    },
    count: {
      type: "integer",
      min: 1,
      default: 500,
      unit: "images",
      description: "Largest number of crops",
    },
    model: {
      type: "string",
      placeholder: "FILE",
      description: "Model in 32 bits from which the folder was made",
      defaultText: "the file that the folder was made from",
    },
  },
  async run({ csv, crops, count, model }, { terminal, signal, positionals }) {
    const folder = path.resolve(positionals[0] ?? "");
    if (!existsSync(path.join(folder, "config.json"))) {
      throw new MienError("missing-file", `${folder} is no folder in Hugging Face's layout`, {
        advice: "Make one with `npx nx run export:onnx --for hub`.",
      });
    }
    const pairs = pairsOf(folder, HUB_MODELS, await originalsOf(folder, model));
    const temporary = await mkdtemp(path.join(tmpdir(), "mien-hub-"));
    const closers: (() => Promise<void>)[] = [];
    try {
      const images = [await writeValidation({ csv, terminal, signal }, temporary)];
      const python = await startHubPython(folder, { terminal, signal });
      closers.push(() => python.close());
      const transformers = await startTransformersJs(folder, { terminal, signal });
      closers.push(() => transformers.close());
      const page = await startPage(folder, { terminal, signal });
      if (page !== undefined) closers.push(() => page.close());
      const folders = await cropFolders(crops);
      if (folders.length === 0) {
        terminal.warn("there are no crops of photographs; give a folder of images by --crops DIR");
      } else {
        const file = path.join(temporary, "crops");
        const cropped = await python.crop(folders, count, file);
        images.push({ ...cropped, name: "crops", requiredAgreement: CROPS_AGREEMENT });
      }
      const peers = [transformers, ...(page ? [page] : []), python];
      const total = images.length * pairs.length * (peers.length + 1);
      const bar = terminal.progress("comparisons", total);
      const comparisons = await compareHub({
        ...{ folder, pairs, images, peers },
        onProgress: (done) => bar.update(done),
      }).finally(() => bar.stop());
      terminal.table(
        ["engine", "model", "images", "number", "same prediction", "largest difference"],
        comparisons.map(({ engine, model, images, agreement }) => [
          engine,
          model.dtype,
          images.name,
          agreement.images,
          formatPercent(agreement.agreement),
          agreement.maxDifference.toExponential(1),
        ]),
      );
      requireHubAgreement(comparisons);
      terminal.next(
        `npx nx run app:analyze --model ${shellQuote(positionals[0] ?? "")} --source photo.jpg`,
        "uses its model in mien",
      );
      return {
        folder,
        comparisons: comparisons.map(({ engine, model, images, agreement }) => ({
          engine,
          model: model.file,
          images: images.name,
          count: agreement.images,
          agreement: agreement.agreement,
          maxDifference: agreement.maxDifference,
        })),
      };
    } finally {
      for (const close of closers) await close();
      await rm(temporary, { recursive: true, force: true });
    }
  },
});

/** Starts transformers.js in a page; without Chromium, warns and returns undefined. */
async function startPage(
  folder: string,
  options: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<HubPeer | undefined> {
  return startTransformersPage(folder, options).catch((error: unknown) => {
    if (!(error instanceof MienError) || error.code !== "environment") throw error;
    options.terminal.warn(`warning: not compared in a page: ${error.message}`);
    return undefined;
  });
}

/** The models that a folder was made from: 32 bits, then 8 bits. */
async function originalsOf(folder: string, model: string | undefined): Promise<string[]> {
  if (model !== undefined) return [model, model.replace(/\.onnx$/, PRECISIONS.int8.extension)];
  const record = await readJson(recordOf(folder)).catch(() => undefined);
  const inputs = isRecord(record) && isRecord(record["inputs"]) ? record["inputs"] : {};
  const models: unknown[] = Array.isArray(inputs["models"]) ? inputs["models"] : [];
  const files = models.flatMap((each) =>
    isRecord(each) && typeof each["file"] === "string" ? [each["file"]] : [],
  );
  if (files.length > 0) return files;
  throw new MienError("missing-file", `${recordOf(folder)} does not say what it was made from`, {
    advice: "Give the model in 32 bits by --model FILE.",
  });
}

/** The validation images of a data set, in a file. */
async function writeValidation(
  options: {
    readonly csv: string | undefined;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
  },
  folder: string,
): Promise<HubImages> {
  const { csv, terminal, signal } = options;
  const { set } = await loadWithProgress({ csv, signal }, terminal);
  const usage = USAGES.indexOf("PublicTest");
  const positions = [...set.usage.keys()].filter((i) => set.usage[i] === usage);
  const images = path.join(folder, "validation");
  await writeFile(images, imagesAt(set, positions));
  const size: ImageFile["sizes"][number] = [set.width, set.height, set.channels];
  return { name: "PublicTest", requiredAgreement: 1, images, sizes: positions.map(() => size) };
}

async function cropFolders(crops: string | undefined): Promise<string[]> {
  if (crops !== undefined) {
    if (existsSync(crops)) return [crops];
    throw new MienError("missing-file", `--crops ${crops}: there is no such folder`);
  }
  const data = await dataFolder();
  const folders = ["faces", "orl"].map((name) => path.join(data ?? "", name));
  return data === undefined ? [] : folders.filter((each) => existsSync(each));
}
