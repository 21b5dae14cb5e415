import { spawn } from "node:child_process";
import { MienError } from "@mien/format";

/**
 * Runs a program that reads JSON and prints JSON, in a process of its own.
 *
 * @param command the program and its arguments.
 * @param options.name of the program, for errors.
 * @returns what it printed, parsed.
 * @throws {MienError} `interrupted` after the signal; `environment` if the program fails.
 */
export async function askProcess(
  [program, ...words]: readonly [string, ...string[]],
  request: unknown,
  { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<unknown> {
  const child = spawn(program, words, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(signal === undefined ? {} : { signal }),
  });
  const texts = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.err += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  child.stdin.on("error", () => undefined); // an early exit of the child is reported below
  child.stdin.end(JSON.stringify(request));
  const code = await ended.catch((error: unknown) => {
    if (signal?.aborted) throw new MienError("interrupted", "the comparison was stopped");
    throw error;
  });
  if (code === 0) return JSON.parse(texts.out);
  const lines = texts.err.trim().split("\n").slice(-5).join("\n");
  throw new MienError("environment", `${name} failed: ${lines.slice(-600)}`);
}
