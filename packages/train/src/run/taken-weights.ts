import { readRunConfig } from "@mien/cli";
import { MienError, type RunConfig } from "@mien/format";
import { checkpointFile, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { differencesOf } from "./run-differences.ts";
import { inputsKey, inputsOf } from "./run-inputs.ts";

/** The settings that a training with two heads does not depend on. */
const FREE: ReadonlySet<string> = new Set(["voteShare", "logitAdjustment"]);

/**
 * Copies the checkpoint of a run with two heads into the folder of a run that differs only in
 * `voteShare` and `logitAdjustment`. As the training does not depend on these settings, the second
 * run is then the same as if it had been trained.
 *
 * @param from folder of the first run.
 * @throws {MienError} `mismatch` if the runs differ in another input or have one head,
 * `missing-file` if the first run has no checkpoint.
 */
export async function takeWeights(from: string, folder: string, config: RunConfig): Promise<void> {
  const source = await readRunConfig(from);
  const others = differencesOf(source, config).filter(({ name }) => !FREE.has(name));
  if (others.length > 0) {
    const list = others.map(({ name, before, now }) => `  ${name}: ${before} → ${now}`);
    throw new MienError(
      "mismatch",
      `the weights of ${from} cannot be taken, as it has other settings:\n${list.join("\n")}`,
      {
        advice:
          "Only --vote-share and --logit-adjustment can differ. Hyperparameters are taken from that run; repeat its other flags.",
      },
    );
  }
  if (Number(config.hyperparameters["voteHead"] ?? 0) === 0) {
    throw new MienError("mismatch", `the weights of ${from} cannot be taken: it has one head`, {
      advice: "Only runs with --vote-head above 0 can share their weights.",
    });
  }
  const checkpoint = await loadCheckpoint(from, inputsKey(inputsOf(source)));
  if (checkpoint === undefined) {
    throw new MienError("missing-file", `${from} has no checkpoint ${checkpointFile(from)}`);
  }
  await saveCheckpoint(folder, checkpoint, inputsKey(inputsOf(config)));
}
