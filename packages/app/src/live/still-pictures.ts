import {
  createPipeline,
  type Picture,
  type Pipeline,
  type PipelineOptions,
  type PipelineResult,
} from "@mien/runtime";

/**
 * Finds faces in single pictures and reads their expressions. The pipeline has no tracks, and is opened
 * for the first picture.
 */
export class StillPictures {
  readonly #options: () => PipelineOptions;
  #pipeline: Promise<Pipeline> | null = null;

  /** @param options called whenever the pipeline is opened. */
  constructor(options: () => PipelineOptions) {
    this.#options = options;
  }

  /** @throws {MienError} if a model cannot be used. */
  async process(picture: Picture): Promise<PipelineResult> {
    this.#pipeline ??= createPipeline({
      ...this.#options(),
      stills: true,
      rejected: true,
      source: "upload",
    });
    return (await this.#pipeline).process(picture);
  }

  /** Frees the models; the next picture opens them again, with the options of that time. */
  async close(): Promise<void> {
    const pipeline = this.#pipeline;
    this.#pipeline = null;
    await (await pipeline)?.close();
  }
}
