import { existsSync } from "node:fs";
import path from "node:path";
import { readJson } from "@mien/cli";
import { MienError, RUN_FILES, type RunMetrics } from "@mien/format";
import { z } from "zod";

/** The fields without which a metrics file cannot be shown; the others are not checked. */
const requiredFields = z.object({
  validation: z.object({
    accuracyInterval: z.array(z.number()),
    confusion: z.array(z.array(z.number())),
  }),
});

const isRunMetrics = (value: unknown): value is RunMetrics =>
  requiredFields.safeParse(value).success;

/**
 * Reads the metrics of a finished run.
 *
 * @throws {MienError} `missing-file` if the run is not finished, `bad-data` if the file is damaged.
 */
export async function readRunMetrics(folder: string): Promise<RunMetrics> {
  const file = path.join(folder, RUN_FILES.metrics);
  if (!existsSync(file)) {
    throw new MienError(
      "missing-file",
      `${folder} is not finished: it has no ${RUN_FILES.metrics}`,
      { advice: "Repeat its `npx nx run train:fit` command to resume it." },
    );
  }
  const metrics = await readJson(file);
  if (isRunMetrics(metrics)) return metrics;
  throw new MienError("bad-data", `${file} does not hold the metrics of a finished run`, {
    advice:
      "Delete that file and repeat the run's `npx nx run train:fit` command, which writes the file again.",
  });
}
