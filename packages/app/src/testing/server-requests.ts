import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import WebSocket from "ws";
import { spotFolder, startLive, type TestLive } from "./start-live.ts";

/** What the tests of one file share. */
interface ServerTests {
  /** A temporary folder. */
  readonly folder: string;
  /** A live app that reads a moving spot, until the end of the file. */
  readonly live: TestLive;
}

/** Starts a live app for the tests of one file, and cleans up after all of them. */
export function serverTests(): ServerTests {
  // Both properties are set before the first test.
  const tests = {} as { -readonly [Key in keyof ServerTests]: ServerTests[Key] };
  beforeAll(async () => {
    tests.folder = await mkdtemp(path.join(tmpdir(), "mien-server-"));
    tests.live = await startLive({ source: await spotFolder(tests.folder) });
  });
  afterAll(async () => {
    await tests.live.close();
    await rm(tests.folder, { recursive: true, force: true });
  });
  return tests;
}

/** A request to a server on this machine. */
interface RequestOptions {
  /** Default: that of the live app of the tests. */
  readonly port?: number;
  /** Default: GET. */
  readonly method?: string;
  readonly body?: string | Buffer;
}

/** The answer of a server. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Makes a function that sends a request to the live app of some tests; not with `fetch`, which sets
 * `Host` and `Origin` itself.
 */
export function askLive(tests: ServerTests) {
  return (
    place: string,
    headers: Record<string, string> = {},
    { port = tests.live.port, method = "GET", body }: RequestOptions = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", path: place, method, headers };
      const sent = request(options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(parts).toString(),
            headers: response.headers,
          }),
        );
      });
      sent.on("error", reject);
      sent.end(body);
    });
}

/** Opens a WebSocket. @returns `open`, or the HTTP status that refused it. */
export function openSocket(
  port: number,
  headers: Record<string, string>,
  query = "",
): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws${query}`, { headers });
    socket.on("open", () => {
      resolve("open");
      socket.terminate();
    });
    socket.on("unexpected-response", (_, response) => resolve(String(response.statusCode)));
    socket.on("error", () => undefined);
  });
}

/** Collects the text messages of a new viewer until one satisfies the predicate. */
export function listenUntil(
  port: number,
  enough: (message: { type: string }) => boolean,
): Promise<{ type: string }[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    const heard: { type: string }[] = [];
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) return;
      const message = JSON.parse(data.toString()) as { type: string };
      heard.push(message);
      if (!enough(message)) return;
      socket.terminate();
      resolve(heard);
    });
    socket.on("error", reject);
  });
}
