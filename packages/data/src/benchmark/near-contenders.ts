import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import {
  openJsonProcess,
  peerPython,
  type OpenContender,
  type PeerOptions,
  type Turn,
} from "@mien/bench";
import { isRecord } from "@mien/format";
import { SEARCH_SCRIPT, type SearchTask } from "./search-file.ts";

/** The programs that `data:benchmark-near` compares. */
const PEERS = ["cleanvision", "fastdup"] as const;

/** Their packages. Both need a numpy before version 2. */
const REQUIREMENTS = ["cleanvision==0.3.7", "fastdup==2.54", "numpy==1.26.4"];
const SCRIPT = path.resolve(import.meta.dirname, "../../peers/near_copies.py");
/** Largest output of a search: some million pairs. */
const MAX_OUTPUT = 256e6;

/** One search of a folder: its duration and the pairs that it found. */
export interface SearchTurn extends Turn {
  /** Positions of two images. */
  readonly pairs: readonly (readonly [number, number])[];
  /** Milliseconds to decode all files, which are part of the duration; 0 if there is nothing to decode. */
  readonly readingMs: number;
}

/** Checks the answer of a search. */
const searchTurn = {
  parse(answer: unknown): SearchTurn {
    const { durations, pairs, readingMs = 0 } = isRecord(answer) ? answer : {};
    if (Array.isArray(durations) && durations.every(isNumber) && durations.length > 0) {
      if (Array.isArray(pairs) && pairs.every(isPair) && isNumber(readingMs)) {
        return { durations, pairs, readingMs };
      }
    }
    throw new Error("expected durations and pairs of positions");
  },
};

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isNumber);
}

/** This package's search, in a process of its own as the other programs. */
export function ownSearch(task: SearchTask, signal: AbortSignal): OpenContender<SearchTurn> {
  return {
    name: "mien",
    async turn() {
      const words = [...process.execArgv, SEARCH_SCRIPT, JSON.stringify(task)];
      const options = { signal, maxBuffer: MAX_OUTPUT };
      const { stdout } = await promisify(execFile)(process.execPath, words, options);
      return searchTurn.parse(JSON.parse(stdout));
    },
    close: () => undefined,
  };
}

/**
 * Starts the other programs, which are installed into the cache folder the first time.
 *
 * @throws {MienError} `environment` if they cannot be installed; `interrupted`.
 */
export async function peerSearches(
  folder: string,
  options: PeerOptions,
): Promise<OpenContender<SearchTurn>[]> {
  const python = await peerPython(REQUIREMENTS, options);
  const env = { ...process.env, SENTRY_OPT_OUT: "1" };
  return PEERS.map((name) => {
    const args = ["-E", "-s", "-B", SCRIPT, name, folder];
    const peer = openJsonProcess(python, { name, args, env, signal: options.signal });
    return { name, turn: () => peer.ask({}, searchTurn), close: () => peer.close() };
  });
}
