import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLbph, People } from "@mien/runtime";
import type { LiveResult } from "@mien/web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runningChildren } from "@mien/cli";
import { makeVideo, withoutFfmpeg } from "@mien/camera/testing/tools";
import { LiveEngine } from "./live-engine.ts";
import type { LiveFrame } from "./live-frame.ts";
import { openLiveSource } from "./live-source.ts";

const FIXTURES = path.resolve(import.meta.dirname, "../../../runtime/fixtures");

describe.skipIf(withoutFfmpeg)("a live engine", () => {
  let folder: string;
  let server: Server;
  let served: Buffer;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "mien-engine-"));
    server = createServer((_, response) => {
      response.writeHead(200, { "Content-Length": served.length });
      response.end(served);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** One second of a bright spot, which the test detector detects as a face. */
  const filmOf = (left: number) => {
    const black = ["-f", "lavfi", "-i", "color=black:size=416x320:rate=30", "-t", "1"];
    const spot = ["-vf", `drawbox=x=${left}:y=96:w=32:h=32:color=white:t=fill`];
    const file = path.join(folder, `${left}.mp4`);
    return readFile(makeVideo(file, [...black, ...spot, "-movflags", "+faststart"]));
  };

  it("starts new tracks when its source is opened again, and shows no password", async () => {
    const { port } = server.address() as AddressInfo;
    const source = await openLiveSource(`http://me:sec@ret@127.0.0.1:${port}/film.mp4`);
    const engine = await LiveEngine.open({
      source,
      people: new People(createLbph()),
      pipeline: {
        expression: path.join(FIXTURES, "halves.onnx"),
        detector: path.join(FIXTURES, "spots.onnx"),
      },
    });
    const statuses: string[] = [JSON.stringify(engine.status)];
    const results: LiveResult[] = [];
    const stop = new AbortController();
    engine.on("status", (status) => statuses.push(JSON.stringify(status)));
    engine.on("frame", ({ result }) => {
      results.push(result);
      if (result.faces.some(({ box }) => box[0] > 200)) stop.abort();
    });
    served = await filmOf(64);
    const second = await filmOf(256);
    const replaceFilm = ({ result }: LiveFrame) => {
      if (result.faces.length === 0) return;
      engine.off("frame", replaceFilm);
      served = second;
      for (const child of runningChildren()) process.kill(child, "SIGKILL");
    };
    engine.on("frame", replaceFilm);
    await engine.run(stop.signal);
    await source.source?.close();
    await engine.close();
    const last = results.at(-1)!;
    expect(results[0]!.faces).toMatchObject([{ track: 1 }]);
    expect(last.faces).toMatchObject([{ track: 2, confirmed: null }]);
    expect(last.source).toBe(`http://***@127.0.0.1:${port}/film.mp4`);
    const sent = [...statuses, ...results.map((one) => JSON.stringify(one))].join("\n");
    expect(sent).toMatch(/"state":"lost"/);
    expect(sent).not.toMatch(/sec|ret@/);
  });
});
