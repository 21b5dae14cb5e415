import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { decodeModelMetadata, readOnnxMetadata, type ModelInput } from "@mien/format";

/** The expression model of a live app. */
export interface LiveModel {
  readonly path: string;
  /** The input that it expects. */
  readonly input: ModelInput;
  /** The path of its card; undefined without one. */
  readonly card: string | undefined;
}

/** @throws {MienError} if the file is no expression model. */
export async function readLiveModel(path: string): Promise<LiveModel> {
  const { input } = decodeModelMetadata(readOnnxMetadata(await readFile(path), path), path);
  const card = path.replace(/(\.int8|\.fp16)?\.onnx$/, ".md");
  return { path, input, card: existsSync(card) ? card : undefined };
}
