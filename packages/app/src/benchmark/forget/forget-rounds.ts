import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { killChildOnExit } from "@mien/cli";
import { isRecord, MienError, random } from "@mien/format";
import type { Browser } from "playwright-core";
import type { Crop } from "../../people/crop-features.ts";
import type { PersonStore } from "../../people/person-store.ts";
import { appProgram, startServer } from "../live/server-process.ts";
import { filesWithTraces, findTraces, tracesOf } from "./traces.ts";
import { watchMessages, type MessagePage } from "./watched-messages.ts";

/** How a person is deleted. */
export const WAYS = {
  command: "app:people delete",
  page: "the page",
  killed: "app:people delete, after app:analyze was killed",
} as const;
export type Way = keyof typeof WAYS;

/** What the rounds work with. */
export interface ForgetOptions {
  /** Number of deletions. */
  readonly rounds: number;
  readonly seed: number;
  /** An empty folder for everything that is written. */
  readonly root: string;
  /** A film that shows the person, at least 20 seconds long. */
  readonly film: string;
  /** Pictures of the person. */
  readonly crops: readonly Crop[];
  /** The people in `root/people`. */
  readonly store: PersonStore;
  readonly model: string;
  readonly detector: string;
  readonly browser: Browser;
  readonly signal: AbortSignal;
  readonly onRound?: (done: number) => void;
}

/** What was found after one deletion. */
export interface ForgetRound {
  readonly way: Way;
  /** From the moment at which both pages showed the name until the deletion began, in ms. */
  readonly waitMs: number;
  /** How long the deletion took, in ms. */
  readonly deletionMs: number;
  /** Whether a running command did not confirm in time that it forgot the person. */
  readonly unconfirmed: boolean;
  /** Results sent to the two pages with the name before the deletion. */
  readonly messagesBefore: number;
  /** Messages to the two pages with the name after it. */
  readonly messagesAfter: number;
  /** Pages and addresses of the API that show the name after the deletion. */
  readonly shownAfter: readonly string[];
  /** Files with a trace of the person when the deletion ended, and after all programs had ended. */
  readonly filesAfter: readonly string[];
}

/** Longest wait for something that must happen, in ms; programs start slowly on a busy machine. */
const PATIENCE = 240_000;
/** Time for which messages are watched after a deletion, in ms. */
const WATCH = 1000;
/** Longest random wait before a deletion, in ms. */
const LONGEST_WAIT = 3000;
/** The recording of the session is stopped and started after this number of rounds. */
const ROUNDS_PER_SESSION = 5;

/**
 * Deletes a person at a random moment while `app:live` records, `app:analyze` writes and two pages
 * watch, and looks for traces of the person afterwards.
 */
export async function forgetRounds(options: ForgetOptions): Promise<ForgetRound[]> {
  const { rounds, seed, root, film, store, model, detector, browser, signal } = options;
  const models = ["--model", model, "--detector", detector];
  const people = ["--people", store.folder];
  const sessions = path.join(root, "sessions");
  const settings = path.join(root, "settings.json");
  const server = await startServer([
    ...["--source", film, "--sessions", sessions, "--settings", settings],
    ...models,
    ...people,
  ]);
  const record = async (recording: boolean) => {
    await callServer(`${server.origin}/api/session`, "PUT", { recording });
  };
  const done: ForgetRound[] = [];
  const names: string[] = [];
  const features = new Map<string, readonly Float32Array[]>();
  try {
    const pages = [
      await watchMessages(browser, server.origin),
      await watchMessages(browser, server.origin),
    ];
    await record(true);
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      const chance = random("forget", seed, round);
      const letters = Array.from({ length: 10 }, () => "bcdfghklmnprstvw"[chance.integer(16)]);
      const token = `Q${letters.join("")}`;
      const name = `${token} O'Neill`;
      const way: Way = (["command", "page", "killed"] as const)[chance.integer(3)] ?? "command";
      names.push(token);
      await store.add(name, options.crops, { given: new Date().toISOString(), keepDays: 30 });
      const person = store.people.list().find((one) => one.name === name);
      features.set(token, person?.features ?? []);
      if (round % 4 === 0) {
        const file = path.join(root, "exports", `${round}.zip`);
        await mkdir(path.dirname(file), { recursive: true });
        await store.export(name, (zip) => writeFile(file, zip));
      }
      const out = path.join(root, "results", String(round));
      const frames = String(200 + chance.integer(400));
      const analysis = run([
        ...["analyze", "--source", film, "--out", out, "--csv", "--frames", frames],
        ...["--json", path.join(out, "summary.json"), ...(round % 3 === 0 ? ["--annotate"] : [])],
        ...models,
        ...people,
      ]);
      const showsName = () => pages.every((page) => page.count(token, "frame") > 0);
      await until(`the pages show ${name}`, () => Promise.resolve(showsName()), signal);
      const tables = ["results.incomplete.jsonl", "results.jsonl"].map((one) =>
        path.join(out, one),
      );
      const isInResults = async () => {
        for (const table of tables) {
          if (existsSync(table) && (await readFile(table)).includes(token)) return true;
        }
        return false;
      };
      await until(
        `the results contain ${name}`,
        async () => (await isInResults()) || hasEnded(analysis.child),
        signal,
      );
      if (!(await isInResults())) {
        const { said } = await analysis.ended;
        throw new MienError("environment", `app:analyze ended and did not name ${name}: ${said}`);
      }
      const waitMs = chance.integer(LONGEST_WAIT);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const messagesBefore = pages.reduce((sum, page) => sum + page.count(token, "frame"), 0);
      if (way === "killed") analysis.child.kill("SIGKILL");
      const started = performance.now();
      let unconfirmed = false;
      if (way === "page") {
        const place = `people/${encodeURIComponent(name)}`;
        const answer = await callServer(`${server.origin}/api/${place}`, "DELETE");
        unconfirmed =
          isRecord(answer) &&
          Array.isArray(answer["unanswered"]) &&
          answer["unanswered"].length > 0;
      } else {
        const deletion = run(["people", "delete", name, ...people, "--results", root]);
        const { code, said } = await deletion.ended;
        if (code !== 0) throw new MienError("environment", `people delete failed: ${said}`);
        unconfirmed = said.includes("has not confirmed");
      }
      const deletionMs = performance.now() - started;
      // What was printed before the deletion ended has been read by then.
      await new Promise((resolve) => setImmediate(resolve));
      const saidBefore = analysis.said().length;
      for (const page of pages) page.clear();
      const traces = tracesOf(token, options.crops, features.get(token) ?? []);
      const filesAfter = new Set(await filesWithTraces(root, traces));
      await new Promise((resolve) => setTimeout(resolve, WATCH));
      const messagesAfter = pages.reduce((sum, page) => sum + page.count(token), 0);
      const shownAfter = await placesWith(token, pages, server.origin);
      if ((round + 1) % ROUNDS_PER_SESSION === 0) {
        await record(false);
        await record(true);
      }
      // Half of the analyses are interrupted, the others end by themselves.
      if (round % 2 === 0) analysis.child.kill("SIGINT");
      const { said } = await analysis.ended;
      if (findTraces(Buffer.from(said.slice(saidBefore)), traces).length > 0) {
        shownAfter.push("the output of app:analyze");
      }
      for (const file of await filesWithTraces(root, traces)) filesAfter.add(file);
      done.push({
        way,
        waitMs,
        deletionMs,
        unconfirmed,
        messagesBefore,
        messagesAfter,
        shownAfter,
        filesAfter: [...filesAfter],
      });
      options.onRound?.(round + 1);
    }
    await record(false);
  } finally {
    await server.stop();
  }
  // Once more, since the report of the last session is written at the end.
  for (const [i, token] of names.entries()) {
    const traces = tracesOf(token, [], features.get(token) ?? []);
    const files = await filesWithTraces(root, traces);
    const round = done[i];
    if (round !== undefined && files.length > 0) {
      done[i] = { ...round, filesAfter: [...new Set([...round.filesAfter, ...files])] };
    }
  }
  return done;
}

/** Whether a round left nothing of the person. */
export function isClean(round: ForgetRound): boolean {
  const { unconfirmed, messagesAfter, shownAfter, filesAfter } = round;
  return !unconfirmed && messagesAfter === 0 && shownAfter.length === 0 && filesAfter.length === 0;
}

/** The pages and answers of the API that contain a text. */
async function placesWith(
  text: string,
  pages: readonly MessagePage[],
  origin: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const [i, { page }] of pages.entries()) {
    if ((await page.content()).includes(text)) found.push(`page ${i + 1}`);
  }
  for (const place of ["status", "people", "enrolment"]) {
    const answer = await (await fetch(`${origin}/api/${place}`)).text();
    if (answer.includes(text)) found.push(`/api/${place}`);
  }
  return found;
}

async function callServer(address: string, method: string, body?: object): Promise<unknown> {
  const answer = await fetch(address, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  if (answer.ok) return answer.json();
  throw new MienError("environment", `${method} ${address} failed: ${await answer.text()}`);
}

/** Runs a command of this package in a process of its own. */
function run(words: readonly string[]) {
  const child = spawn(process.execPath, [...appProgram(), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  killChildOnExit(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  }
  const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, said })),
  );
  return { child, said: () => said, ended };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function until(
  what: string,
  condition: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (signal.aborted) throw new MienError("interrupted", "the benchmark was interrupted");
    if (performance.now() > end) throw new MienError("environment", `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
