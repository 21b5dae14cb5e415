import path from "node:path";
import { freshness, recordMadeFrom } from "@mien/cli";
import type { AnalysisInputs } from "./result-folder.ts";

/** What the outputs of an analysis are made from. */
export interface FinishedInputs extends AnalysisInputs {
  readonly csv: boolean;
  readonly annotate: boolean;
  readonly maxFrames: number | undefined;
}

/** Whether the folder holds the outputs of the same inputs already. */
export async function isFinished(folder: string, inputs: FinishedInputs): Promise<boolean> {
  if (inputs.state === undefined) return false;
  return (await freshness(recordIn(folder), inputs, "")) !== "stale";
}

/** Records what the outputs of a folder were made from. */
export async function recordFinished(folder: string, inputs: FinishedInputs): Promise<void> {
  const { csv, annotate } = inputs;
  const outputs = ["results.jsonl"];
  if (csv) outputs.push("faces.csv");
  if (annotate) outputs.push("annotated.mp4");
  await recordMadeFrom(recordIn(folder), { inputs, code: "", outputs });
}

function recordIn(folder: string): string {
  return path.join(folder, "made-from.json");
}
