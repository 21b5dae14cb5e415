import { createServer, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { openSource } from "../open-source.ts";
import { runningChildren } from "@mien/cli";
import { withoutFfmpeg } from "../testing/tools.ts";
import type { SourceFrame, SourceNotice } from "./source.ts";

/** A port of this machine at which nothing listens. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(withoutFfmpeg)("with reconnect, an address", () => {
  it("that comes later is opened then, and again after each loss; its frames go on", async () => {
    const create = { width: 64, height: 48, channels: 3, background: "#808080" } as const;
    const grey = await sharp({ create }).jpeg().toBuffer();
    const head = `--x\r\nContent-Type: image/jpeg\r\nContent-Length: ${grey.length}\r\n\r\n`;
    const responses = new Set<ServerResponse>();
    const server = createServer((_, response) => {
      response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=x" });
      responses.add(response);
      const picture = Buffer.concat([Buffer.from(head), grey, Buffer.from("\r\n")]);
      const timer = setInterval(() => response.write(picture), 33);
      response.on("close", () => clearInterval(timer));
    });
    const port = await freePort();
    const notices: SourceNotice[] = [];
    const source = await openSource(`http://me:secret@127.0.0.1:${port}/live`, {
      reconnect: true,
      onNotice(notice) {
        notices.push(notice);
        if (notices.length === 1) server.listen(port, "127.0.0.1");
      },
    });
    expect(source).toMatchObject({ kind: "live", width: null, framesPerSecond: null });
    const frames: SourceFrame[] = [];
    const starts: number[] = [];
    for await (const frame of source.frames()) {
      frames.push(frame);
      if (frame.discontinuity) starts.push(frames.length - 1);
      const connection = starts.length;
      if (frames.length - (starts.at(-1) ?? 0) < 5) continue;
      if (connection === 3) break;
      for (const response of responses) response.destroy();
    }
    server.closeAllConnections();
    server.close();
    expect(source).toMatchObject({ kind: "live", width: 64, height: 48, length: null });
    expect(starts).toHaveLength(3);
    expect(starts[0]).toBe(0);
    expect(frames.every(({ index }, i) => i === 0 || index > frames[i - 1]!.index)).toBe(true);
    expect(frames.every(({ timeMs }, i) => i === 0 || timeMs >= frames[i - 1]!.timeMs)).toBe(true);
    expect(notices.map(({ kind }) => kind)).toEqual([
      "lost",
      "back",
      "lost",
      "back",
      "lost",
      "back",
    ]);
    expect(notices[0]!.message).toMatch(/refuses the connection; trying again$/);
    expect(notices[1]!.message).toMatch(/\/live is open$/);
    expect(notices[3]!.message).toMatch(/\/live is back$/);
    expect(JSON.stringify([notices, source.name])).not.toContain("secret");
    expect(runningChildren()).toEqual([]);
  });

  it("that never comes is told once, until the source is closed", async () => {
    const notices: SourceNotice[] = [];
    const source = await openSource(`http://127.0.0.1:${await freePort()}/live`, {
      reconnect: true,
      onNotice(notice) {
        notices.push(notice);
        // Long enough for a second attempt.
        setTimeout(() => void source.close(), 1500);
      },
    });
    for await (const frame of source.frames()) expect(frame).toBeUndefined();
    expect(notices.map(({ kind }) => kind)).toEqual(["lost"]);
    expect(runningChildren()).toEqual([]);
  });

  it("that is a video which ends is opened again", async () => {
    const film = await sharp({
      create: { width: 32, height: 32, channels: 3, background: "#ffffff" },
    })
      .gif()
      .toBuffer();
    const server = createServer((_, response) => response.end(film));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const source = await openSource(`http://127.0.0.1:${port}/film.gif`, { reconnect: true });
    let starts = 0;
    for await (const { discontinuity } of source.frames()) {
      if (discontinuity) starts++;
      if (starts === 2) break;
    }
    server.close();
    expect(starts).toBe(2);
  });
});

it("with reconnect, a file that is missing is refused at once", async () => {
  const refusal = openSource("/nowhere/film.mp4", { reconnect: true });
  await expect(refusal).rejects.toMatchObject({ code: "missing-file" });
});
