import type { Recogniser } from "@mien/runtime";
import { findFaceModel } from "../face-models.ts";

/** Methods of face recognition: embedding network, or local binary pattern histograms. */
export const RECOGNISERS = ["embedding", "lbph"] as const;
export type RecogniserName = (typeof RECOGNISERS)[number];
export const DEFAULT_RECOGNISER: RecogniserName = "embedding";

/** Options of the embedding network; histograms have no options. */
export interface RecogniserOptions {
  /** Threads of the network. Default 1. */
  readonly threads?: number | undefined;
  /** Whether the network runs in a thread of its own. Default false. */
  readonly background?: boolean | undefined;
}

/**
 * Opens a recogniser; the caller closes it.
 *
 * @throws {MienError} `missing-file` or `bad-model` if the embedding network cannot be used.
 */
export async function openRecogniser(
  name: RecogniserName,
  options: RecogniserOptions = {},
): Promise<Recogniser> {
  const { createLbph, openEmbedding } = await import("@mien/runtime");
  if (name === "lbph") return createLbph();
  return openEmbedding(findFaceModel("embedding"), options);
}
