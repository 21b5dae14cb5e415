import { MienError, withoutSecrets, type ErrorCode } from "@mien/format";

/** An explanation of what ffmpeg logs. */
interface Explanation {
  /** Matches ffmpeg's log. */
  readonly log: RegExp;
  readonly code: ErrorCode;
  /** A predicate; the name of the source precedes it. */
  readonly problem: string;
  readonly advice?: string;
}

/** The first match counts. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    log: /not a stream of PPM images/,
    code: "environment",
    problem: "cannot be read: ffmpeg sends no images",
    advice: "Check whether MIEN_FFMPEG names another program than ffmpeg.",
  },
  {
    log: /Cannot open video device.*No such|No such device|ENODEV|Could not find video device|Invalid (device )?index|Video device not found/i,
    code: "missing-file",
    problem: "is not there",
    advice: "See which cameras there are with `npx nx run app:doctor`, and plug the camera in.",
  },
  {
    log: /Device or resource busy|already in use|Could not run graph/i,
    code: "environment",
    problem: "is in use by another program",
    advice: "Close other programs that show the camera (browser, video call), then try again.",
  },
  {
    log: /Failed to create AV capture|not authorized|AVCaptureDeviceInput/i,
    code: "environment",
    problem: "may not be used by programs in this terminal",
    advice: "Allow it: System Settings, Privacy & Security, Camera; then restart the terminal.",
  },
  {
    log: /\/dev\/video.*Permission denied/,
    code: "environment",
    problem: "may not be opened by this user",
    advice: "Join the group video: sudo usermod -aG video $USER, then log in again.",
  },
  {
    log: /Permission denied/,
    code: "missing-file",
    problem: "may not be read",
    advice: "Check the permissions of the file.",
  },
  {
    log: /Unknown input format: '?(v4l2|avfoundation|dshow)/,
    code: "environment",
    problem: "needs an ffmpeg that was built with camera support",
    advice: "Install the ffmpeg of your system's own packages.",
  },
  {
    log: /matches no streams|does not contain any stream/,
    code: "bad-data",
    problem: "has sound or data, but no picture",
  },
  {
    log: /Connection refused/,
    code: "environment",
    problem: "refuses the connection",
    advice: "Nothing listens at that address and port: check both, and that the server runs.",
  },
  {
    log: /Failed to resolve hostname|Name or service not known|Temporary failure in name/,
    code: "environment",
    problem: "has a host name that cannot be found",
    advice: "Check the spelling of the address and the network.",
  },
  {
    log: /401 Unauthorized|403 Forbidden/,
    code: "environment",
    problem: "requires a user name and a password",
    advice: "Write USER:PASSWORD@ before the host in the address.",
  },
  {
    log: /404 Not Found|\b4\d\d (?:Client Error|Not Found|Bad Request)|Server returned 4/,
    code: "missing-file",
    problem: "was not found on its server",
    advice: "Check the path in the address.",
  },
  {
    log: /Server returned 5|(?:HTTP error|failed:) 5\d\d\b/,
    code: "environment",
    problem: "cannot be delivered: its server reports an error",
  },
  {
    log: /Connection timed out|Network is unreachable|No route to host|Operation timed out/i,
    code: "environment",
    problem: "does not answer",
    advice: "Check the address, the network and the firewall.",
  },
  {
    log: /Protocol not found/,
    code: "unsupported",
    problem: "has a protocol that ffmpeg does not know",
    advice: "rtsp://, http:// and https:// work everywhere.",
  },
  {
    log: /partial file[^]*pipe:0: Invalid data/,
    code: "unsupported",
    problem: "is a video that cannot be read from a pipe, because its index is at its end",
    advice: "Name the file with --source, or redirect it: … --source - < film.mp4",
  },
  {
    log: /Stream ends prematurely at \d+, should be/,
    code: "environment",
    problem: "is incomplete: its server sent less than it announced",
    advice: "Use a server that supports range requests, or download the video.",
  },
  {
    log: /moov atom not found/,
    code: "bad-data",
    problem: "is not a video that ffmpeg can read, or is cut off",
    advice:
      "The index of an MP4 file is at its end: an incomplete copy or download cannot be read.",
  },
  {
    log: /Invalid data found|could not find codec|Unknown format|Could not find codec parameters/,
    code: "bad-data",
    problem: "is not a video that ffmpeg can read, or is damaged",
  },
  {
    log: /No such file or directory/,
    code: "missing-file",
    problem: "does not exist",
  },
];

/**
 * Explains why ffmpeg stopped.
 *
 * @param source.name name that is shown to people.
 * @param source.address its address, which the log may repeat; its secrets are hidden.
 * @param log what ffmpeg wrote, each line with its level in brackets.
 * @param code its exit code; null if it was killed.
 */
export function explainFfmpeg(
  { name, address }: { readonly name: string; readonly address?: string },
  log: string,
  code: number | null,
): MienError {
  // After a regular end, the log may hold warnings that had no effect.
  if (code === 0) return new MienError("environment", `${name} ended`);
  const found = EXPLANATIONS.find((candidate) => candidate.log.test(log));
  const shown = withoutSecrets(log.trim(), address ?? "");
  const cause = new Error(shown);
  if (found === undefined) {
    const [line] = shown.split("\n").filter((text) => /\[(error|fatal)\]/.test(text));
    const said = line?.replace(/^.*?\[(error|fatal)\] */, "");
    const problem = code === null ? "stopped: its ffmpeg was killed" : "cannot be read by ffmpeg";
    return new MienError(
      "environment",
      `${name} ${problem}${said === undefined ? "" : ` (${said})`}`,
      { cause },
    );
  }
  const { advice } = found;
  return new MienError(found.code, `${name} ${found.problem}`, {
    ...(advice === undefined ? {} : { advice }),
    cause,
  });
}
