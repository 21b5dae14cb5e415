import { stat } from "node:fs/promises";
import path from "node:path";
import { freshness, recordMadeFrom, writeFileAtomic } from "@mien/cli";
import type { RunConfig } from "@mien/format";
import { OPSETS } from "@mien/tfjs-to-onnx";
import type { Agreement } from "./compare-outputs.ts";
import { exportModel, type ExportOptions } from "./export-model.ts";
import { hashRun, modelFileOf, type RunPaths } from "./run-export.ts";

/** Settings of an export into a folder. */
export interface FolderExportOptions extends ExportOptions {
  /** Folder of the model file. */
  readonly out: string;
  /** Hash of the exporter's code. */
  readonly code: string;
  /** Whether to export even if the file is up to date. */
  readonly fresh: boolean | undefined;
}

/** A model file that was written, or was up to date. */
export interface ExportedFile {
  readonly model: string;
  readonly bytes: number;
  /** The comparison with the reference outputs; undefined if the file was up to date. */
  readonly agreement: Agreement | undefined;
  /** Whether other code made the file, which was kept. */
  readonly isByOtherCode: boolean;
}

/**
 * Exports a run to `OUT/<run>.onnx` or the name of another precision, unless the file is up to date.
 *
 * @throws {MienError} the errors of `exportModel`; `environment` if the file cannot be written.
 */
export async function exportUnlessUpToDate(
  paths: RunPaths,
  config: RunConfig,
  options: FolderExportOptions,
): Promise<ExportedFile> {
  const { out, precision, opset, code, fresh } = options;
  const model = modelFileOf(paths, out, precision);
  const record = model.replace(/onnx$/, "made-from.json");
  const inputs = {
    ...(await hashRun(paths)),
    ...(opset === OPSETS.usual ? {} : { opset: String(opset) }),
  };
  const state = fresh ? "stale" : await freshness(record, inputs, code);
  if (state !== "stale") {
    const { size } = await stat(model);
    return { model, bytes: size, agreement: undefined, isByOtherCode: state === "other-code" };
  }
  const { bytes, agreement } = await exportModel(paths, config, options);
  await writeFileAtomic(model, bytes);
  await recordMadeFrom(record, { inputs, code, outputs: [path.basename(model)] });
  return { model, bytes: bytes.length, agreement, isByOtherCode: false };
}
