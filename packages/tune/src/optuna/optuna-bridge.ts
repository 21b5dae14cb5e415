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

/** Optuna in a Python process of its own, which works on one study. */
export interface Bridge {
  /** Versions of what answers. */
  readonly versions: { readonly optuna: string; readonly python: string };
  /** Of the Python process. */
  readonly pid: number;
  /**
   * Sends one request and waits for its answer.
   *
   * @throws {MienError} `environment` if Python ends, hangs, or answers something else than the
   * protocol says; the process is ended then. `BridgeRefusal` if Python refused the request.
   */
  call<O extends Operation>(operation: O, request: Requests[O]): Promise<Result<O>>;
  /** Ends the process in order. */
  close(): Promise<void>;
}

/** A request that the Python side understood and could not meet. */
export class BridgeRefusal extends Error {
  /** Why, as a word: `no-study`, `foreign-study`, `failed`. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The folder with the Python part of this package. */
export const PYTHON_FOLDER = path.join(import.meta.dirname, "../../python");

/** How to start the Python side, and whom to tell what it complains about. */
export interface BridgeOptions {
  /** Called for each line that Python writes to standard error. */
  readonly onComplaint?: (line: string) => void;
  /** The database's address; its secrets are hidden where a line repeats them. */
  readonly address?: string;
  /** The longest that any answer may take, in seconds; default 120. */
  readonly patience?: number;
  /** What to run instead of bridge.py. */
  readonly script?: string;
}

const PATIENCE = 120;
/** Lines of Python's complaints that an error repeats. */
const SHOWN_LINES = 6;
/** How long an ended input may take to end the process, in milliseconds. */
const CLOSING_TIME = 3000;

/**
 * The Python that set-up prepares, or the one that `MIEN_PYTHON` names.
 *
 * @throws {MienError} `environment` if there is none.
 */
export function findPython(): string {
  const chosen = process.env["MIEN_PYTHON"];
  const inVenv = process.platform === "win32" ? "Scripts/python.exe" : "bin/python";
  const python = chosen ?? path.resolve(import.meta.dirname, "../../../../.venv", inVenv);
  // A bare name is looked up on the PATH when it is started.
  if (existsSync(python) || (chosen !== undefined && !/[/\\]/.test(chosen))) return python;
  throw new MienError("environment", `the search needs Python, and there is none at ${python}`, {
    advice:
      "Run `npm run setup`: it makes a virtual environment with all that is needed. " +
      "Or name a Python 3.10 or newer by MIEN_PYTHON.",
  });
}

/**
 * Starts the Python side and checks that it speaks this version of the protocol.
 *
 * @throws {MienError} `environment` if Python or one of its packages is missing, or it does not
 * greet as it should.
 */
export async function openBridge(options: BridgeOptions = {}): Promise<Bridge> {
  const { onComplaint, patience = PATIENCE } = options;
  const python = findPython();
  const script = options.script ?? path.join(PYTHON_FOLDER, "bridge.py");
  // Neither the environment's nor the user's own packages get among those that are pinned.
  const child = spawn(python, ["-E", "-s", script], { stdio: "pipe", windowsHide: true });
  const complaints: string[] = [];
  createInterface(child.stderr).on("line", (line) => {
    const shown = withoutSecrets(line, options.address ?? "");
    complaints.push(shown);
    onComplaint?.(shown);
  });
  child.on("error", (error) => complaints.push(error.message));
  // A process that is gone already shows in its end.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(`ended with ${signal ?? `code ${code ?? 1}`}`)),
  );

  interface Waiting {
    readonly resolve: (line: string) => void;
    readonly reject: (error: Error) => void;
  }
  /** Python answers in the order in which it is asked. */
  const waiting: Waiting[] = [];
  let broken: MienError | undefined;
  const breakOff = (problem: string): MienError => {
    broken ??= new MienError(
      "environment",
      [`the Python side of the search ${problem}`, ...complaints.slice(-SHOWN_LINES)].join("\n  "),
      { advice: "The study is whole: repeat the command to go on with it." },
    );
    child.kill("SIGKILL");
    for (const { reject } of waiting.splice(0)) reject(broken);
    return broken;
  };
  createInterface(child.stdout).on("line", (line) => {
    const next = waiting.shift();
    if (next === undefined) breakOff(`spoke without being asked: ${excerpt(line)}`);
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
      throw breakOff(`said something unexpected: ${excerpt(line)}`);
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
      if (answer.id !== id) throw breakOff(`answered another question: ${excerpt(text)}`);
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
