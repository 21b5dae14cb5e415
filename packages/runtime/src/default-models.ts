import { MienError, messageOf } from "@mien/format";
import type { PipelineOptions } from "./pipeline-options.ts";
import type { ModelSource } from "./session/ort.ts";

/** The models that every pipeline needs. */
export interface Models {
  readonly expression: ModelSource;
  readonly detector: ModelSource;
}

/**
 * Fills in the models that are not given, from the package `@mien/models`. It is loaded only if a
 * model is missing, since it is installed apart.
 *
 * @throws {MienError} `missing-file` if it is not installed.
 */
export async function withDefaultModels(
  given: Pick<PipelineOptions, keyof Models>,
): Promise<Models> {
  const { expression, detector } = given;
  if (expression !== undefined && detector !== undefined) return { expression, detector };
  const models = await import("@mien/models").catch((error: unknown) => {
    const names = ["expression", "detector"] as const;
    const missing = names.filter((name) => given[name] === undefined).join(" and ");
    throw new MienError(
      "missing-file",
      `createPipeline: @mien/models, which has the ${missing}, cannot be loaded: ${messageOf(error)}`,
      {
        advice: `Install it: \`npm install @mien/models\`. Or give models of your own: ${missing}.`,
        cause: error,
      },
    );
  });
  return { expression: expression ?? models.expression, detector: detector ?? models.detector };
}
