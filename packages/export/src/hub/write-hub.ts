import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { freshness, readBytes } from "@mien/cli";
import { itemAt } from "@mien/format";
import type { Agreement } from "../model/compare-outputs.ts";
import { hubConfig, preprocessorConfig } from "./hub-config.ts";
import { hubLicence, hubReadme } from "./hub-card.ts";
import { HUB_MODELS } from "./hub-files.ts";
import { readFacts } from "./hub-figures.ts";
import { recordOf, writeHubFolder } from "./hub-folder.ts";
import { readSourceModel, toHubModels } from "./hub-model.ts";

/** What a folder of Hugging Face's layout is made from. */
export interface HubSource {
  /** Name of the model. */
  readonly name: string;
  /** Path of the model in 32 bits. */
  readonly model: string;
  /** Path of the model in 8 bits; undefined if there is none. */
  readonly quantized: string | undefined;
  /** Hash of the exporter's code. */
  readonly code: string;
  /** Whether to write the folder even if it is up to date. */
  readonly fresh: boolean | undefined;
}

/** A file of the folder with a model. */
interface WrittenModel {
  readonly name: string;
  readonly bytes: number;
  readonly agreement: Agreement;
}

/**
 * Writes a folder of Hugging Face's layout: two models, their configuration, the model card and the
 * licence.
 *
 * @returns the models that were written; undefined if the folder is up to date.
 * @throws {MienError} the errors of `readSourceModel`, `toHubModels` and `writeHubFolder`.
 */
export async function writeHub(
  folder: string,
  { name, model, quantized, code, fresh }: HubSource,
): Promise<readonly WrittenModel[] | undefined> {
  const source = await readSourceModel(model, "fp32");
  const sources =
    quantized === undefined ? [source] : [source, await readSourceModel(quantized, "int8")];
  const cardFile = model.replace(/\.onnx$/, ".md");
  const card = existsSync(cardFile) ? (await readBytes(cardFile)).toString("utf8") : undefined;
  const facts = await readFacts(source, card);
  const inputs = {
    name,
    models: sources.map(({ file, sha256 }) => ({ file: path.resolve(file), sha256 })),
    facts: createHash("sha256").update(JSON.stringify(facts)).digest("hex"),
  };
  if (fresh !== true && (await freshness(recordOf(folder), inputs, code)) === "current") {
    return undefined;
  }
  const { pixelValues, models } = await toHubModels(sources);
  const { metadata } = source;
  const hasQuantized = quantized !== undefined;
  const content = {
    name,
    folder: path.basename(path.resolve(folder)),
    metadata,
    pixelValues,
    facts,
    hasQuantized,
  };
  const written = models.map(({ bytes, agreement }, i) => ({
    name: itemAt(HUB_MODELS, i).file,
    content: bytes,
    agreement,
  }));
  await writeHubFolder({
    folder,
    files: new Map<string, string | Uint8Array>([
      ["config.json", json(hubConfig(metadata, hasQuantized))],
      ["preprocessor_config.json", json(preprocessorConfig(metadata, pixelValues))],
      ["README.md", hubReadme(content)],
      ["LICENSE.md", hubLicence(content)],
      ...written.map((file) => [file.name, file.content] as const),
    ]),
    inputs,
    code,
  });
  return written.map(({ name, content, agreement }) => ({
    name,
    bytes: content.length,
    agreement,
  }));
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
