/*
 * The process of one trial: trains one configuration and reports its progress to the parent
 * process. If memory runs out or native code crashes, only this process ends.
 */
import { applyClasses, loadDataset, MOST_IN_MEMORY } from "@mien/data";
import { MienError, messageOf } from "@mien/format";
import { fit } from "@mien/train";
import { selectionSplit } from "./selection-split.ts";
import type { TrialMessage, TrialRequest } from "./trial-messages.ts";

// Ctrl-C reaches the whole process group; the parent process decides what to do.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(1));
process.once("message", (request) => void run(request as TrialRequest).then(leave, fail));

function tell(message: TrialMessage): void {
  process.send?.(message);
}

async function run({ csv, sha256, skipBadRows, ...request }: TrialRequest): Promise<void> {
  const { set, sha256: found } = await loadDataset({
    csv,
    skipBadRows,
    mostInMemory: MOST_IN_MEMORY,
  });
  if (found !== sha256) {
    throw new MienError("mismatch", `${csv} is not the data set with which the study began`);
  }
  const { split, classGroups, ...given } = request;
  await fit({
    ...given,
    ...applyClasses(set, await selectionSplit(set, split), classGroups),
    inputs: sha256,
    onProgress: ({ epoch, images, total }) => {
      tell({ kind: "progress", epoch, share: images / total });
    },
    onEpoch: ({ epoch, validationAccuracy }) => {
      tell({ kind: "epoch", epoch, accuracy: validationAccuracy });
    },
  });
  tell({ kind: "done" });
}

function fail(error: unknown): void {
  const code = error instanceof MienError ? error.code : "bug";
  tell({ kind: "failed", code, message: messageOf(error) });
  leave();
}

/** Ends the process once all messages have been sent. */
function leave(): void {
  process.removeAllListeners("disconnect");
  process.disconnect();
}
