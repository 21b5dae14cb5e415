import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { FrameResult } from "@mien/format";
import type { Hello, LiveResult } from "@mien/web";
import { describe, expect, it } from "vitest";
import WebSocket from "ws";
import { askLive, listenUntil, serverTests } from "../testing/server-requests.ts";
import { spot, spotFolder, startLive } from "../testing/start-live.ts";

const tests = serverTests();
const ask = askLive(tests);

describe("the live server", () => {
  it("sends labels and settings over /ws, then results as app:analyze writes them", async () => {
    const heard = await listenUntil(tests.live.port, ({ type }) => type === "frame");
    const hello = heard[0] as Hello;
    expect(hello).toMatchObject({
      type: "hello",
      labels: tests.live.app.engine.labels,
      people: [],
    });
    const result = heard.at(-1) as LiveResult & FrameResult;
    expect(result.faces).toHaveLength(1);
    expect(result.faces[0]?.probabilities).toHaveLength(hello.labels.length);
    expect(result).toMatchObject({ width: 416, height: 320 });
  });

  it("confirms no expression before the window is full", async () => {
    const heard = await listenUntil(
      tests.live.port,
      (message) => message.type === "frame" && (message as LiveResult).faces[0]?.confirmed != null,
    );
    for (const message of heard.filter(({ type }) => type === "frame") as LiveResult[]) {
      for (const { track, confirmed } of message.faces) {
        const filled = message.windows[track as number]!.reduce((sum, n) => sum + n, 0);
        expect(confirmed !== null).toBe(filled === 20);
      }
    }
  });

  it("reads an uploaded picture, and stores nothing", async () => {
    const before = await readdir(tests.live.folder);
    const image = await spot(64).jpeg().toBuffer();
    const answer = await ask(
      "/api/analyze",
      { "Content-Type": "image/jpeg" },
      { method: "POST", body: image },
    );
    expect(answer.status).toBe(200);
    const result = JSON.parse(answer.body) as FrameResult & { labels: string[] };
    expect(result.faces).toHaveLength(1);
    expect(result.faces[0]?.track).toBeNull();
    expect(result.labels).toHaveLength(5);
    expect(await readdir(tests.live.folder)).toEqual(before);
  });

  it("describes its API, and has metrics for Prometheus", async () => {
    const { body } = await ask("/api/openapi.json");
    const description = JSON.parse(body) as { openapi: string; paths: Record<string, object> };
    expect(description.openapi).toMatch(/^3\./);
    for (const place of ["/api/analyze", "/api/people/{name}", "/api/enrolment"]) {
      expect(Object.keys(description.paths)).toContain(place);
    }
    const metrics = (await ask("/metrics")).body;
    expect(metrics).toMatch(/^mien_frames_total [1-9]/m);
    expect(metrics).toMatch(/^mien_frame_seconds_bucket\{le="\+Inf"\} \d+$/m);
    for (const line of metrics.trim().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) mien_\w+ .+|mien_\w+(\{le="[^"]+"\})? [\d.e+-]+)$/);
    }
  });

  it("records results but no pictures until it is told to stop", async () => {
    const put = (recording: boolean) =>
      ask(
        "/api/session",
        { "Content-Type": "application/json" },
        { method: "PUT", body: JSON.stringify({ recording }) },
      );
    const { folder: place } = JSON.parse((await put(true)).body) as { folder: string };
    await listenUntil(tests.live.port, ({ type }) => type === "frame");
    await listenUntil(tests.live.port, ({ type }) => type === "frame");
    await put(false);
    expect((await readdir(place)).sort()).toEqual([
      "faces.csv",
      "report.html",
      "results.jsonl",
      "session.json",
    ]);
  });
});

describe("the settings of the live server", () => {
  const put = (change: object, port: number) =>
    ask(
      "/api/settings",
      { "Content-Type": "application/json" },
      { method: "PUT", body: JSON.stringify(change), port },
    );

  it("are changed for all viewers, stored, and used again at the next start", async () => {
    const first = await startLive({ source: await spotFolder(tests.folder) });
    const helloes: Hello[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${first.port}/ws`);
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? undefined : (JSON.parse(data.toString()) as Hello);
      if (message?.type === "hello") helloes.push(message);
    });
    const { labels } = first.app.engine;
    const merge = `Both=${labels.slice(0, 2).join("+")}`;
    try {
      const answer = await put({ window: 5, minSize: 20, merge, flat: null }, first.port);
      expect(answer.status).toBe(200);
      const { fields } = JSON.parse(answer.body) as { fields: { name: string; value: unknown }[] };
      expect(fields.find(({ name }) => name === "window")?.value).toBe(5);
      await expect.poll(() => helloes.at(-1)?.window.size).toBe(5);
      expect(helloes.at(-1)?.labels).toEqual(["Both", ...labels.slice(2)]);
      expect(first.app.engine.settings.detection.minSize).toBe(20);
      await expect
        .poll(() => first.app.engine.latest?.result.faces[0]?.probabilities.length)
        .toBe(labels.length - 1);
      const stored = await readFile(path.join(first.folder, "settings.json"), "utf8");
      expect(JSON.parse(stored)).toEqual({ window: 5, minSize: 20, merge });
      const next = await startLive({
        source: "browser",
        folder: first.folder,
        settings: { window: 9 },
      });
      const { confirmation, detection } = next.app.engine.settings;
      await next.close();
      expect([confirmation.size, detection.minSize]).toEqual([9, 20]);
    } finally {
      socket.terminate();
      await first.close();
    }
  });

  it("are refused as a whole if one of them is unknown, out of range or not a choice", async () => {
    const { port, app } = tests.live;
    for (const [change, problem] of [
      [{ window: 5, minScore: 7 }, /min-score/],
      [{ windows: 5 }, /no setting windows/],
      [{ window: "x" }, /whole number/],
      [{ source: "/etc/passwd" }, /not one of the choices/],
      [{ source: "http://10.0.0.1/" }, /not one of the choices/],
      [{ model: "/etc/passwd" }, /not one of the choices/],
      [{ merge: "Nothing+More" }, /there is no class/],
      [{ __proto__x: 1 }, /no setting/],
      [[1], /object/],
    ] as const) {
      const { status, body } = await put(change, port);
      expect([JSON.stringify(change), status]).toEqual([JSON.stringify(change), 400]);
      expect(body).toMatch(problem);
    }
    expect(app.engine.settings.confirmation.size).toBe(20);
    const listed = await ask("/api/settings");
    expect(listed.body).toContain("camera of the page");
  });

  it("change the source while it is read", async () => {
    const source = await spotFolder(tests.folder);
    const switched = await startLive({ source });
    try {
      await expect.poll(() => switched.app.engine.latest).not.toBeNull();
      expect((await put({ source: "browser" }, switched.port)).status).toBe(200);
      expect(switched.app.hello.browser).toBe(true);
      expect(switched.app.engine.status.state).toBe("waiting");
      expect(switched.app.engine.latest).toBeNull();
      expect((await put({ source }, switched.port)).status).toBe(200);
      await expect.poll(() => switched.app.engine.latest).not.toBeNull();
    } finally {
      await switched.close();
    }
  });
});
