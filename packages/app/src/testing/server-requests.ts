import { request } from "node:http";
import WebSocket from "ws";

/** A request to a server on this machine. */
export interface SendOptions {
  readonly port: number;
  /** Default: GET. */
  readonly method?: string;
  readonly body?: string | Buffer;
}

/** Sends a request; not with `fetch`, which sets `Host` and `Origin` itself. */
export function send(
  place: string,
  headers: Record<string, string>,
  { port, method = "GET", body }: SendOptions,
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path: place, method, headers }, (response) => {
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
