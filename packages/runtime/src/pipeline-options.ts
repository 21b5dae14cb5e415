import type { DownloadOptions } from "./session/download-options.ts";
import type { ModelSource } from "./session/ort.ts";
import type { pipelineSettings } from "./pipeline-settings.ts";
import type { OptionsOf } from "./setting.ts";
import type { People } from "./people/people.ts";
import type { SessionFiles } from "./session/session-options.ts";

/** The models and people that a pipeline works with, and its settings. */
export interface PipelineOptions
  extends SessionFiles, DownloadOptions, OptionsOf<typeof pipelineSettings> {
  /**
   * The expression model: a path in Node, an address in the browser, or the content of the file.
   * Default: `expression` of the package `@mien/models`.
   */
  readonly expression?: ModelSource | undefined;
  /** The face detector: mien's own, or any YuNet. Default: `detector` of the package `@mien/models`. */
  readonly detector?: ModelSource | undefined;
  /**
   * The people to recognise. The caller may add and remove people at any time, and closes the
   * recogniser. Without it nobody is recognised.
   */
  readonly people?: People | undefined;
  /** The `source` in results of frames that have no path of their own; default "". */
  readonly source?: string | undefined;
}
