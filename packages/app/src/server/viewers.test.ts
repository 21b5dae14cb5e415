import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PICTURE, PICTURE_HEADER } from "@mien/web";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import type { LiveFrame } from "../live/live-engine.ts";
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

  it("is answered with the number of its picture; other viewers get the picture", async () => {
    const camera = await startLive({ source: "browser" });
    const connect = async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${camera.port}/ws`);
      const pictures: Buffer[] = [];
      socket.on("message", (data: Buffer, isBinary: boolean) => isBinary && pictures.push(data));
      await new Promise((resolve) => socket.once("open", resolve));
      return { socket, pictures };
    };
    try {
      const [own, other] = [await connect(), await connect()];
      const rgba = await spot(64).ensureAlpha().raw().toBuffer();
      const message = cameraMessage({ width: 416, height: 320, number: 77 }, rgba);
      own.socket.send(message);
      await expect.poll(() => [own.pictures.length, other.pictures.length]).toEqual([1, 1]);
      expect(own.pictures[0]?.readUInt8(0)).toBe(PICTURE.own);
      expect(own.pictures[0]?.readUInt32LE(PICTURE_HEADER)).toBe(77);
      expect(other.pictures[0]?.readUInt8(0)).toBe(PICTURE.colour);
      const jpeg = await sharp(other.pictures[0]?.subarray(PICTURE_HEADER)).metadata();
      expect(jpeg).toMatchObject({ width: 416, height: 320, format: "jpeg" });
      expect(camera.app.engine.latest?.result.faces).toHaveLength(1);
      for (const { socket } of [own, other]) socket.terminate();
    } finally {
      await camera.close();
    }
  });
});

describe("viewers", () => {
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
