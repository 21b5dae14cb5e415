/**
 * The kind of an error, as a stable word for use in programs.
 *
 * - `usage`: the command line or an option is wrong; commands exit with 2.
 * - `interrupted`: the user stopped the work (Ctrl-C); commands exit with 130 and can be resumed.
 * - `missing-file`: a file or folder does not exist or cannot be read.
 * - `bad-data`: a data set, or a row of it, does not have the expected layout.
 * - `bad-config`: a configuration file or value is unknown or out of range.
 * - `bad-model`: a file is not the kind of model that was expected, or is damaged.
 * - `bad-image`: an image cannot be decoded or has impossible dimensions.
 * - `unsupported`: the input is well formed, but this version cannot handle it.
 * - `conflict`: continuing would overwrite existing work or mix it with other work.
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
 * An error that a person caused or can correct, as opposed to a bug.
 *
 * The message says what was expected, what was found and where; `advice` says what to do. Any other
 * error counts as a bug and is printed with its stack trace.
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

/** The message of a thrown value, for use in a sentence. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
