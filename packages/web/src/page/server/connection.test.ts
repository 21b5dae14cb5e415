import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket as WebSocketClient, WebSocketServer, type WebSocket as Viewer } from "ws";
import { Connection } from "./connection.ts";

/** The client of `ws`. Unlike browsers, it throws on a failed connection without a listener. */
class QuietWebSocket extends WebSocketClient {
  constructor(address: string) {
    super(address);
    this.on("error", () => undefined);
  }
}

const servers: Server[] = [];

/** A server at that port that answers HTTP with `statusCode`; it records what pages send. */
async function serve(port = 0, statusCode = 200) {
  const received: unknown[] = [];
  const viewers: Viewer[] = [];
  const server = createServer((_, response) => response.writeHead(statusCode).end());
  if (statusCode === 200) {
    new WebSocketServer({ server, path: "/ws" }).on("connection", (viewer) => {
      viewers.push(viewer);
      viewer.on("message", (data: Buffer) => received.push(JSON.parse(data.toString("utf8"))));
    });
  }
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  servers.push(server);
  const stop = async () => {
    for (const viewer of viewers) viewer.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, received, viewers, stop };
}

describe("Connection", () => {
  // Node 20 has no WebSocket of its own.
  beforeAll(() => void vi.stubGlobal("WebSocket", QuietWebSocket));
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("reconnects by itself, and repeats its last requests", async () => {
    const first = await serve();
    const connection = new Connection(`http://127.0.0.1:${first.port}/`);
    connection.request({ type: "watch", depth: false });
    connection.request({ type: "watch", depth: true });
    connection.open();
    await expect.poll(() => first.received).toEqual([{ type: "watch", depth: true }]);
    await first.stop();
    await expect.poll(() => connection.state.connected).toBe(false);
    const second = await serve(first.port);
    await expect.poll(() => second.received).toEqual([{ type: "watch", depth: true }]);
    expect(connection.state.connected).toBe(true);
  });

  it("tells a refused token from a server that is gone", async () => {
    const { port } = await serve(0, 401);
    const connection = new Connection(`http://127.0.0.1:${port}/`);
    connection.open();
    await expect.poll(() => connection.state.refused).toBe(true);
    expect(connection.state.connected).toBe(false);
  });

  it("survives pictures that are truncated or of an unknown frame", async () => {
    const server = await serve();
    const connection = new Connection(`http://127.0.0.1:${server.port}/`);
    let frames = 0;
    connection.onFrame = () => frames++;
    connection.open();
    await expect.poll(() => server.viewers.length).toBe(1);
    for (const bytes of [[], [1], [3, 0, 0, 0, 0], [1, 9, 0, 0, 0, 7], [2, 0, 0, 0, 0, 7]]) {
      server.viewers[0]?.send(Uint8Array.from(bytes));
    }
    server.viewers[0]?.send(JSON.stringify({ type: "status", state: "running", message: "" }));
    await expect.poll(() => connection.state.status?.state).toBe("running");
    expect(frames).toBe(0);
  });
});
