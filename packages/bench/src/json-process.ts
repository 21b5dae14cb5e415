import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { MienError, messageOf } from "@mien/format";
import { stopIfAborted } from "./alternate.ts";
import type { CallTurn, Contender } from "./contender.ts";

/** Checks an answer and returns it with its type, for example a zod schema. */
interface AnswerSchema<Answer> {
  /** @throws {Error} if the answer has another form. */
  parse(answer: unknown): Answer;
}

/**
 * A program that reads questions from its standard input and writes one answer to each to its
 * standard output, as lines of JSON.
 */
export interface JsonProcess {
  /** The next answer, checked by `schema`. */
  next<Answer>(schema: AnswerSchema<Answer>): Promise<Answer>;
  /** Sends a question and returns its answer. */
  ask<Answer>(question: object, schema: AnswerSchema<Answer>): Promise<Answer>;
  /** Ends the program. */
  close(): Promise<void>;
}

/** How a program is started. */
interface JsonProcessOptions {
  /** Name of the program in errors. */
  readonly name: string;
  readonly args: readonly string[];
  /** Environment variables of the program. Default: the variables of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Advice in errors. */
  readonly advice?: string;
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined;
}

/** Longest wait for one answer, in milliseconds: TensorFlow starts slowly on a busy machine. */
const PATIENCE_MS = 600_000;
/** Time in which a program must end when it is asked to, in milliseconds; then it is killed. */
const GRACE_MS = 2000;
/** Number of lines of the program's error output in the message of a failure. */
const SHOWN_LINES = 6;

/**
 * Starts a program that answers questions. Wait for each answer before the next question.
 *
 * Its methods throw {MienError} `environment`, with the end of the program's error output, if the
 * program does not start, ends, or gives an unexpected answer; `interrupted` if the signal fires.
 */
export function openJsonProcess(program: string, options: JsonProcessOptions): JsonProcess {
  const { name, args, env = process.env, advice, signal } = options;
  // Detached, so that Ctrl-C does not end it before its answer is read. It ends when its input
  // ends.
  const child = spawn(program, args, { detached: true, env });
  let complaints = "";
  const complain = (text: string) => (complaints = (complaints + text).slice(-10_000));
  child.stderr.setEncoding("utf8").on("data", complain);
  child.on("error", (error) => complain(error.message));
  // If the input is closed, no answer comes, which is reported.
  child.stdin.on("error", () => undefined);
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const stop = () => {
    child.kill();
    // Some programs, such as fastdup, catch the first signal and go on.
    const harder = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    void ended.then(() => clearTimeout(harder));
  };
  const close = async () => {
    stop();
    await ended;
  };
  signal?.addEventListener("abort", stop, { once: true });
  void ended.then(() => signal?.removeEventListener("abort", stop));

  const next = async <Answer>(schema: AnswerSchema<Answer>) => {
    const late = setTimeout(() => {
      complain(`\nno answer within ${PATIENCE_MS / 1000} s`);
      stop();
    }, PATIENCE_MS);
    const line = await lines.next().finally(() => clearTimeout(late));
    try {
      if (line.done !== true) return schema.parse(JSON.parse(line.value));
    } catch (error) {
      complain(`\nError in its answer: ${messageOf(error)}: ${String(line.value)}`);
    }
    await close();
    stopIfAborted(signal);
    const message = `${name} stopped unexpectedly:\n  ${endOf(complaints)}`;
    throw new MienError("environment", message, advice === undefined ? {} : { advice });
  };
  return {
    next,
    ask: (question, schema) => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next(schema);
    },
    close,
  };
}

/**
 * The last error in a program's error output, without the stack trace that Node prints after it;
 * the end of the output if it contains no error.
 */
function endOf(output: string): string {
  const lines = output.trim().split("\n");
  const error = lines.findLastIndex((line) => /Error\b/.test(line));
  const start = error < 0 ? Math.max(0, lines.length - SHOWN_LINES) : error;
  return lines.slice(start, start + SHOWN_LINES).join("\n  ");
}

const TURN: AnswerSchema<CallTurn<number>> = {
  parse(answer) {
    const { durations, last } = Object(answer) as { durations?: unknown; last?: unknown };
    const isNumber = (value: unknown) => typeof value === "number";
    if (!Array.isArray(durations) || durations.length === 0 || !durations.every(isNumber)) {
      throw new Error("durations must be a list of numbers");
    }
    return { durations, last: isNumber(last) ? last : NaN };
  },
};

/**
 * A contender that works in another process.
 *
 * @param process receives `{ …question, ms, calls }` for each turn, where null means no limit, and
 * answers `{ durations, last? }`. Without `last`, the turn's `last` is NaN.
 */
export function processContender(
  name: string,
  process: JsonProcess,
  question: object = {},
): Contender<CallTurn<number>> {
  return {
    name,
    // JSON writes Infinity as null.
    turn: (limit) => process.ask({ ...question, ...limit }, TURN),
  };
}
