/**
 * What went wrong, as a stable word that programs can branch on.
 *
 * - `usage`: the command line or an option is wrong; commands exit with 2.
 * - `interrupted`: the user stopped the work (Ctrl-C); commands exit with 130 and can be resumed.
 * - `missing-file`: a file or folder that was named, or is needed, does not exist or cannot be read.
 * - `bad-data`: a data set, or a row of it, is not what its layout promises.
 * - `bad-config`: a configuration file or value is unknown or out of range.
 * - `bad-model`: a file is not the kind of model that was expected, or is damaged.
 * - `bad-image`: an image cannot be decoded or has impossible dimensions.
 * - `unsupported`: the input is well formed, but this version cannot handle it.
 * - `conflict`: going on would overwrite or mix up somebody's work.
 * - `mismatch`: two things that must agree (two models, a file and its hash) do not.
 * - `diverged`: training produced numbers that are not finite.
 * - `environment`: something on this machine is missing or broken.
 */
export type ErrorCode =
  | "usage"
  | "interrupted"
  | "missing-file"
  | "bad-data"
  | "bad-config"
  | "bad-model"
  | "bad-image"
  | "unsupported"
  | "conflict"
  | "mismatch"
  | "diverged"
  | "environment";

/**
 * An error that a person caused or can mend, as opposed to a bug.
 *
 * Its message says what was expected, what was found and where; `advice` says what to do about it.
 * Anything else that is thrown counts as a bug and is printed with its stack trace.
 */
export class MienError extends Error {
  readonly code: ErrorCode;
  /** What to do next, in one or a few lines; shown below the message. */
  readonly advice: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { advice?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MienError";
    this.code = code;
    this.advice = options.advice;
  }
}

/** The message of anything thrown, for embedding in a sentence. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
