/** Something that this machine lacks. The message is one sentence that also says how to get it. */
export class SetupError extends Error {
  /**
   * @param {string} message what is missing or went wrong, and what to do about it.
   * @param {{ output?: string, cause?: unknown }} [options] `output`: what a tool printed when it
   *   failed; its last lines are shown above the message.
   */
  constructor(message, options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SetupError";
    this.output = options.output ?? "";
  }
}

/**
 * How to install something here, as the end of a sentence.
 *
 * @param {{ debian: string, fedora: string, macos: string, windows: string }} commands
 * @returns {string} for example `"apt-get install make" (Debian, Ubuntu) or "dnf install make" (Fedora)`.
 */
export function howToGet({ debian, fedora, macos, windows }) {
  if (process.platform === "darwin") return `"${macos}"`;
  if (process.platform === "win32") return `"${windows}"`;
  return `"${debian}" (Debian, Ubuntu) or "${fedora}" (Fedora)`;
}
