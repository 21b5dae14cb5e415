import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { MienError, withoutSecrets } from "@mien/format";
import {
  answerSchema,
  greetingSchema,
  PROTOCOL,
  resultSchemas,
  type Operation,
  type Requests,
  type Result,
} from "./optuna-protocol.ts";

/** A Python process that runs Optuna on one study. */
export interface Bridge {
  /** Versions of Python and Optuna. */
  readonly versions: { readonly optuna: string; readonly python: string };
  /** Process id of the Python process. */
  readonly pid: number;
  /**
   * Sends one request and waits for the response.
   *
   * @throws {MienError} `environment` if Python ends, hangs, or violates the protocol; the process
   * is ended then. `BridgeRefusal` if Python refuses the request.
   */
  call<O extends Operation>(operation: O, request: Requests[O]): Promise<Result<O>>;
  /** Closes the connection and waits for the process to end. */
  close(): Promise<void>;
}

/** Python understood a request and refused it. */
export class BridgeRefusal extends Error {
  /** The reason: `no-study`, `foreign-study` or `failed`. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The folder with the Python part of this package. */
export const PYTHON_FOLDER = path.join(import.meta.dirname, "../../python");

/** Options for starting Python. */
export interface BridgeOptions {
  /** Called for each line that Python writes to standard error. */
  readonly onComplaint?: (line: string) => void;
  /** The database's URL; its secrets are removed from lines that contain them. */
  readonly address?: string;
  /** Time limit of a response, in seconds; default 120. */
  readonly patience?: number;
  /** Program to run instead of bridge.py, for tests. */
  readonly script?: string;
}

const PATIENCE = 120;
/** Number of lines of Python's error output that an error message contains. */
const SHOWN_LINES = 6;
/** Time for the process to end after its input was closed, in milliseconds. */
const CLOSING_TIME = 3000;

/**
 * Path of the Python interpreter: the one that `MIEN_PYTHON` names, else the one that `npm run
 * setup` prepares.
 *
 * @throws {MienError} `environment` if there is none.
 */
export function findPython(): string {
  const chosen = process.env["MIEN_PYTHON"];
  const inVenv = process.platform === "win32" ? "Scripts/python.exe" : "bin/python";
  const python = chosen ?? path.resolve(import.meta.dirname, "../../../../.venv", inVenv);
  // A name without a folder is looked up on the PATH when Python is started.
  if (existsSync(python) || (chosen !== undefined && !/[/\\]/.test(chosen))) return python;
  throw new MienError("environment", `the search needs Python, and there is none at ${python}`, {
    advice:
      "Run `npm run setup`: it creates the virtual environment.  " +
      "Or name a Python 3.10 or newer by MIEN_PYTHON.",
  });
}

/**
 * Starts the Python process and checks its version of the protocol.
 *
 * @throws {MienError} `environment` if Python or one of its packages is missing, or its first line
 * is not as expected.
 */
export async function openBridge(options: BridgeOptions = {}): Promise<Bridge> {
  const { onComplaint, patience = PATIENCE } = options;
  const python = findPython();
  const script = options.script ?? path.join(PYTHON_FOLDER, "bridge.py");
  // -E and -s: Python imports only the pinned packages, not those of the environment or the user.
  const child = spawn(python, ["-E", "-s", script], { stdio: "pipe", windowsHide: true });
  const complaints: string[] = [];
  createInterface(child.stderr).on("line", (line) => {
    const shown = withoutSecrets(line, options.address ?? "");
    complaints.push(shown);
    onComplaint?.(shown);
  });
  child.on("error", (error) => complaints.push(error.message));
  // If the process has already ended, its exit is reported below.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(`ended with ${signal ?? `code ${code ?? 1}`}`)),
  );

  interface Waiting {
    readonly resolve: (line: string) => void;
    readonly reject: (error: Error) => void;
  }
  /** Requests that wait for a response; Python responds in the order of the requests. */
  const waiting: Waiting[] = [];
  let broken: MienError | undefined;
  const breakOff = (problem: string): MienError => {
    broken ??= new MienError(
      "environment",
      [`the Python side of the search ${problem}`, ...complaints.slice(-SHOWN_LINES)].join("\n  "),
      { advice: "The study is intact: repeat the command to continue it." },
    );
    child.kill("SIGKILL");
    for (const { reject } of waiting.splice(0)) reject(broken);
    return broken;
  };
  createInterface(child.stdout).on("line", (line) => {
    const next = waiting.shift();
    if (next === undefined) breakOff(`sent a line without a request: ${excerpt(line)}`);
    else next.resolve(line);
  });
  void ended.then((how) => breakOff(how));

  const nextLine = (during: string): Promise<string> => {
    if (broken) return Promise.reject(broken);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => breakOff(`did not answer for ${patience} s, ${during}`),
        1000 * patience,
      );
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      waiting.push({ resolve: settle(resolve), reject: settle(reject) });
    });
  };
  const parse = <T>(line: string, schema: { parse(value: unknown): T }): T => {
    try {
      return schema.parse(JSON.parse(line));
    } catch {
      throw breakOff(`sent something unexpected: ${excerpt(line)}`);
    }
  };

  const greeting = parse(await nextLine("when it was started"), greetingSchema);
  if ("missing" in greeting) {
    await ended;
    throw new MienError("environment", `${python} lacks a package: ${greeting.missing}`, {
      advice:
        "Run `npm run setup`, or install packages/tune/python/requirements.txt and " +
        "tools/requirements.txt into that Python.",
    });
  }
  if (greeting.protocol !== PROTOCOL) {
    throw breakOff(`speaks version ${greeting.protocol} of the protocol, expected ${PROTOCOL}`);
  }

  let asked = 0;
  return {
    versions: { optuna: greeting.optuna, python: greeting.python },
    pid: child.pid as number,
    async call<O extends Operation>(operation: O, request: Requests[O]): Promise<Result<O>> {
      const id = ++asked;
      const line = nextLine(`asked to ${operation}`);
      if (!broken) child.stdin.write(`${JSON.stringify({ id, op: operation, ...request })}\n`);
      const text = await line;
      const answer = parse(text, answerSchema);
      if (answer.id !== id) throw breakOff(`responded to another request: ${excerpt(text)}`);
      if ("error" in answer) throw new BridgeRefusal(answer.error.kind, answer.error.message);
      const result = resultSchemas[operation].safeParse(answer.result);
      if (result.success) return result.data as Result<O>;
      throw breakOff(`answered ${operation} with something unexpected: ${excerpt(text)}`);
    },
    async close() {
      broken ??= new MienError("environment", "the Python side of the search is closed");
      child.stdin.end();
      const inTime = await Promise.race([ended, sleep(CLOSING_TIME, undefined, { ref: false })]);
      if (inTime === undefined) child.kill("SIGKILL");
      await ended;
    },
  };
}

function excerpt(line: string): string {
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
