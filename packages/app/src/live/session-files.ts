import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { readJson } from "@mien/cli";
import { MienError, type FrameResult, type StreamLine } from "@mien/format";
import type { SessionDetails, SessionSummary } from "@mien/web";
import { sessionReport } from "./session-report.ts";
import { SessionTimeline } from "./session-timeline.ts";

/** The files of a session. */
export const SESSION_FILES = {
  results: "results.jsonl",
  table: "faces.csv",
  report: "report.html",
  facts: "session.json",
} as const;

/** The content of `session.json`. */
export type SessionFacts = Pick<
  SessionSummary,
  "started" | "frames" | "faces" | "source" | "model"
> & {
  /** When the last frame was recorded; ISO 8601. */
  readonly ended: string;
};

/** The name of the folder of a session: the time of its beginning in UTC. */
const ID = /^(\d{4}-\d{2}-\d{2})-(\d{2})(\d{2})(\d{2})(\d{3})$/;

/** The results of a session, as they are read from its file. */
interface StoredSession {
  readonly stream: Pick<StreamLine, "labels" | "model" | "source">;
  readonly timeline: SessionTimeline;
}

/**
 * Lists the sessions of a folder, the newest first.
 *
 * @param running the session that is being recorded; null if there is none.
 */
export async function listSessions(
  root: string,
  running: { readonly folder: string; readonly facts: SessionFacts } | null,
): Promise<SessionSummary[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const ids = entries
    .filter((one) => one.isDirectory() && ID.test(one.name))
    .map(({ name }) => name);
  const sessions: SessionSummary[] = [];
  for (const id of ids.sort().reverse()) {
    const isRunning = running !== null && path.basename(running.folder) === id;
    const stored = isRunning ? running.facts : await readFacts(path.join(root, id));
    const summary = stored ?? (await readThrough(path.join(root, id)));
    if (summary === undefined) continue;
    const { ended, ...facts } = summary;
    const seconds = (Date.parse(ended) - Date.parse(facts.started)) / 1000;
    sessions.push({ id, ...facts, seconds, isRunning, isComplete: stored !== undefined });
  }
  return sessions;
}

/** A session with its results. @throws {MienError} `missing-file` if there is no such session. */
export async function readDetails(root: string, id: string): Promise<SessionDetails> {
  const folder = sessionFolder(root, id);
  const session = await readSession(folder);
  const { ended, ...facts } = factsOf(session, id);
  const { labels } = session.stream;
  const seconds = (Date.parse(ended) - Date.parse(facts.started)) / 1000;
  const isComplete = (await readFacts(folder)) !== undefined;
  const { people } = session.timeline;
  return { id, ...facts, seconds, isRunning: false, isComplete, labels, people };
}

/**
 * The report of a session, made from its results: the file may be missing because mien was killed, or
 * because it contained the name of a person who was deleted.
 *
 * @throws {MienError} `missing-file` if there is no such session.
 */
export async function readReport(root: string, id: string): Promise<string> {
  const { stream, timeline } = await readSession(sessionFolder(root, id));
  return sessionReport(timeline, stream, {
    title: "Session",
    source: stream.source,
    times: "clock",
  });
}

/** Deletes a session. @throws {MienError} `missing-file` if there is none. */
export async function deleteSession(root: string, id: string): Promise<void> {
  const folder = sessionFolder(root, id);
  const entries = await readdir(root).catch((): string[] => []);
  if (!entries.includes(id)) throw new MienError("missing-file", `there is no session ${id}`);
  await rm(folder, { recursive: true, force: true });
}

/**
 * The folder of a session.
 *
 * @throws {MienError} `missing-file` for an id that no session can have, for example a path.
 */
export function sessionFolder(root: string, id: string): string {
  if (!ID.test(id)) throw new MienError("missing-file", `there is no session ${id}`);
  return path.join(root, id);
}

/** The facts of a session that ended regularly; undefined if they were not written. */
async function readFacts(folder: string): Promise<SessionFacts | undefined> {
  const value = await readJson(path.join(folder, SESSION_FILES.facts)).catch(() => undefined);
  return isFacts(value) ? value : undefined;
}

function isFacts(value: unknown): value is SessionFacts {
  if (typeof value !== "object" || value === null) return false;
  const facts: Partial<Record<keyof SessionFacts, unknown>> = value;
  const texts = [facts.started, facts.ended, facts.source, facts.model];
  const numbers = [facts.frames, facts.faces];
  return texts.every((one) => typeof one === "string") && numbers.every(Number.isFinite);
}

/** The facts of a session by its results; undefined if it has none. */
async function readThrough(folder: string): Promise<SessionFacts | undefined> {
  try {
    return factsOf(await readSession(folder), path.basename(folder));
  } catch (error) {
    if (error instanceof MienError) return undefined;
    throw error;
  }
}

function factsOf({ stream, timeline }: StoredSession, id: string): SessionFacts {
  const { frames, firstMs, lastMs, rows } = timeline;
  const began = frames === 0 ? beginningOf(id) : firstMs;
  return {
    started: new Date(began).toISOString(),
    ended: new Date(frames === 0 ? began : lastMs).toISOString(),
    frames,
    faces: rows.size,
    source: stream.source,
    model: stream.model,
  };
}

/** When a session began by its id, in milliseconds since 1970. */
function beginningOf(id: string): number {
  return Date.parse(id.replace(ID, "$1T$2:$3:$4.$5Z"));
}

/**
 * Reads the results of a session. Lines that are cut off are skipped, since mien may have been killed
 * while it wrote them. Sessions of earlier versions have no time of day; it is computed from the name of
 * the folder.
 */
async function readSession(folder: string): Promise<StoredSession> {
  const id = path.basename(folder);
  let stream: StoredSession["stream"] = { labels: [], model: "", source: "" };
  let timeline = new SessionTimeline([]);
  let firstMs: number | undefined;
  const file = createReadStream(path.join(folder, SESSION_FILES.results), "utf8");
  try {
    for await (const line of createInterface({ input: file, crlfDelay: Infinity })) {
      const value = parsed(line);
      if (isStream(value)) {
        stream = value;
        timeline = new SessionTimeline(value.labels);
      } else if (isTimedResult(value)) {
        firstMs ??= value.timeMs;
        const time = Date.parse(value.time ?? "");
        timeline.add(value, Number.isNaN(time) ? beginningOf(id) + value.timeMs - firstMs : time);
      }
    }
  } catch (error) {
    throw new MienError("missing-file", `there is no session ${id}`, { cause: error });
  }
  return { stream, timeline };
}

/** The value of a line of JSON; undefined if it is cut off. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isStream(value: unknown): value is StreamLine {
  if (typeof value !== "object" || value === null || !("labels" in value)) return false;
  return "type" in value && value.type === "stream" && Array.isArray(value.labels);
}

function isTimedResult(value: unknown): value is FrameResult & { readonly time?: string } {
  if (typeof value !== "object" || value === null || !("faces" in value)) return false;
  return "type" in value && value.type === "frame" && Array.isArray(value.faces);
}
