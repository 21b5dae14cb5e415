import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PICTURE, PICTURE_HEADER } from "@mien/web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import type { LiveFrame } from "../live/live-frame.ts";
import { cameraMessage } from "../testing/camera-message.ts";
import { spot, spotFolder, startLive, type TestLive } from "../testing/start-live.ts";
import { Viewers } from "./viewers.ts";

let folder: string;
let live: TestLive;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-viewers-"));
  live = await startLive({ source: await spotFolder(folder) });
});
afterAll(async () => {
  await live.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the camera of a page", () => {
  it("cannot crash the server with a picture of an impossible size", async () => {
    const camera = await startLive({ source: "browser" });
    const sockets = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${camera.port}/ws`));
    try {
      await Promise.all(sockets.map((socket) => once(socket, "open")));
      for (const [width, height] of [
        [1, 65_535],
        [65_535, 1],
        [1, 4096],
      ] as const) {
        sockets[0]?.send(
          cameraMessage({ width, height, number: 77 }, Buffer.alloc(4 * width * height)),
        );
      }
      // Messages are handled in order: once this one is answered, the others were handled.
      const rgba = await spot(64).ensureAlpha().raw().toBuffer();
      sockets[0]?.send(cameraMessage({ width: 416, height: 320, number: 77 }, rgba));
      await expect.poll(() => camera.app.engine.latest?.result.width).toBe(416);
    } finally {
      for (const socket of sockets) socket.terminate();
      await camera.close();
    }
  });

  it("is read for one page at a time; nobody else gets its pictures, and others are refused", async () => {
    const camera = await startLive({ source: "browser" });
    const connect = async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${camera.port}/ws`);
      const pictures: Buffer[] = [];
      const types: string[] = [];
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        if (isBinary) pictures.push(data);
        else types.push((JSON.parse(data.toString()) as { type: string }).type);
      });
      await new Promise((resolve) => socket.once("open", resolve));
      return { socket, pictures, types };
    };
    try {
      const [own, other] = [await connect(), await connect()];
      const rgba = await spot(64).ensureAlpha().raw().toBuffer();
      const picture = (number: number) => cameraMessage({ width: 416, height: 320, number }, rgba);
      own.socket.send(picture(77));
      await expect.poll(() => own.pictures.length).toBe(1);
      expect(own.pictures[0]?.readUInt8(0)).toBe(PICTURE.own);
      expect(own.pictures[0]?.readUInt32LE(PICTURE_HEADER)).toBe(77);
      expect(camera.app.engine.latest?.result.faces).toHaveLength(1);
      const track = camera.app.engine.latest?.result.faces[0]?.track ?? 0;
      other.socket.send(picture(5));
      await expect.poll(() => other.types).toContain("camera-refused");
      expect(other.types).toContain("frame");
      expect(other.pictures).toEqual([]);
      // The next page begins anew, without the tracks of the page before.
      own.socket.terminate();
      await expect.poll(() => camera.app.engine.status.state).toBe("waiting");
      other.socket.send(picture(6));
      await expect.poll(() => other.pictures[0]?.readUInt32LE(PICTURE_HEADER)).toBe(6);
      expect(camera.app.engine.latest?.result.faces[0]?.track).toBeGreaterThan(track);
      other.socket.terminate();
    } finally {
      await camera.close();
    }
  });
});

describe("a viewer that acknowledges frames", () => {
  it("gets the newest frame once it has acknowledged an older one, and none in between", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${live.port}/ws?ack=1`);
    const frames: number[] = [];
    const sent: number[] = [];
    let pace: unknown = null;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) return;
      const message = JSON.parse(data.toString()) as {
        type: string;
        frame: number;
        viewer: unknown;
      };
      if (message.type === "frame") frames.push(message.frame);
      if (message.type === "sent") sent.push(message.frame);
      if (message.type === "stats") pace = message.viewer;
    });
    try {
      await expect.poll(() => sent.length).toBe(3);
      const { totals } = live.app.engine.meter;
      const before = totals.frames;
      await expect.poll(() => totals.frames).toBeGreaterThan(before + 5);
      expect(frames).toHaveLength(3);
      socket.send(JSON.stringify({ type: "ack", frame: sent.at(-1) }));
      await expect.poll(() => sent.length).toBeGreaterThan(3);
      expect(frames[3]).toBeGreaterThan((frames[2] ?? 0) + 1);
      await expect.poll(() => pace).toMatchObject({ skipped: expect.any(Number) as number });
    } finally {
      socket.terminate();
    }
  });
});

describe("viewers", () => {
  it("get pictures from the start, unless they or the server begin in privacy mode", async () => {
    const kindsAt = async (app: TestLive, query: string) => {
      const socket = new WebSocket(`ws://127.0.0.1:${app.port}/ws${query}`);
      const kinds: string[] = [];
      socket.on("message", (data: Buffer, isBinary: boolean) =>
        kinds.push(isBinary ? "picture" : (JSON.parse(data.toString()) as { type: string }).type),
      );
      await expect.poll(() => kinds.filter((kind) => kind === "frame").length).toBeGreaterThan(3);
      const seen = new Set(kinds);
      socket.send(JSON.stringify({ type: "pictures", wanted: true }));
      await expect.poll(() => kinds).toContain("picture");
      socket.terminate();
      return seen;
    };
    expect(await kindsAt(live, "")).toContain("picture");
    expect(await kindsAt(live, "?pictures=0")).not.toContain("picture");
    const isPrivate = await startLive({ source: await spotFolder(folder), privacy: true });
    try {
      expect(isPrivate.app.hello).toMatchObject({ privacy: true, network: false });
      expect(await kindsAt(isPrivate, "")).not.toContain("picture");
    } finally {
      await isPrivate.close();
    }
  });

  it("that read nothing are disconnected when a person is deleted, and get nothing that waited", async () => {
    const one = await startLive({ source: await spotFolder(folder) });
    try {
      const socket = new WebSocket(`ws://127.0.0.1:${one.port}/ws`);
      await once(socket, "open");
      socket.pause();
      let closed = false;
      socket.on("close", () => (closed = true)).on("error", () => undefined);
      await one.app.flushViewers();
      socket.resume();
      await expect.poll(() => closed).toBe(true);
    } finally {
      await one.close();
    }
  });

  it("do not wait for one that reads nothing, for which little is buffered", async () => {
    const viewers = new Viewers(live.app.engine);
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    await once(server, "listening");
    const connect = async () => {
      const [[inside], client] = await Promise.all([
        once(server, "connection") as Promise<[WebSocket]>,
        Promise.resolve(new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)),
      ]);
      viewers.add(inside, []);
      const received = { pictures: 0 };
      client.on("message", (_: Buffer, isBinary: boolean) => (received.pictures += +isBinary));
      if (client.readyState !== WebSocket.OPEN) await once(client, "open");
      return { inside, client, received };
    };
    try {
      const stalled = await connect();
      const other = await connect();
      stalled.client.pause();
      await expect.poll(() => live.app.engine.latest).not.toBeNull();
      const colour = Buffer.alloc(256 * 1024);
      const shown: LiveFrame = { ...live.app.engine.latest!, colour, depth: null };
      // Far more than the operating system buffers for a connection.
      for (let i = 1; i <= 200; i++) {
        viewers.sendFrame(shown);
        expect(stalled.inside.bufferedAmount).toBeLessThan(1024 * 1024);
        await expect.poll(() => other.received.pictures, { interval: 1 }).toBe(i);
      }
      stalled.client.resume();
      await expect.poll(() => stalled.inside.bufferedAmount).toBe(0);
      viewers.sendMessage(live.app.status);
      await once(stalled.client, "message");
      expect(stalled.received.pictures).toBeLessThan(150);
    } finally {
      viewers.close();
      server.close();
    }
  });
});
