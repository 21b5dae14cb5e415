import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { FrameResult } from "@mien/format";
import type { Hello, LiveResult } from "@mien/web";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { cameraMessage } from "../testing/camera-message.ts";
import { spot, spotFolder, startLive, type TestLive } from "../testing/start-live.ts";

const SLOW = { timeout: 20_000 };

let folder: string;
let live: TestLive;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-server-"));
  live = await startLive({ source: await spotFolder(folder) });
});
afterAll(async () => {
  await live.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends a request; not with `fetch`, which sets `Host` and `Origin` itself. */
function ask(
  place: string,
  headers: Record<string, string> = {},
  { method = "GET", body = undefined as string | Buffer | undefined, port = live.port } = {},
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
function openSocket(port: number, headers: Record<string, string>, query = ""): Promise<string> {
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
function listenUntil(enough: (message: { type: string }) => boolean): Promise<{ type: string }[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${live.port}/ws`);
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

describe("the live server", () => {
  it("sends labels and settings over /ws, then results as app:analyze writes them", async () => {
    const heard = await listenUntil(({ type }) => type === "frame");
    const hello = heard[0] as Hello;
    expect(hello).toMatchObject({ type: "hello", labels: live.app.engine.labels, people: [] });
    const result = heard.at(-1) as LiveResult & FrameResult;
    expect(result.faces).toHaveLength(1);
    expect(result.faces[0]?.probabilities).toHaveLength(hello.labels.length);
    expect(result).toMatchObject({ width: 416, height: 320 });
  });

  it("confirms no expression before the window is full", async () => {
    const heard = await listenUntil(
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
    const before = await readdir(live.folder);
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
    expect(await readdir(live.folder)).toEqual(before);
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
    await listenUntil(({ type }) => type === "frame");
    await listenUntil(({ type }) => type === "frame");
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
    const first = await startLive({ source: await spotFolder(folder) });
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
      await expect.poll(() => helloes.at(-1)?.window.size, SLOW).toBe(5);
      expect(helloes.at(-1)?.labels).toEqual(["Both", ...labels.slice(2)]);
      expect(first.app.engine.settings.detection.minSize).toBe(20);
      await expect
        .poll(() => first.app.engine.latest?.result.faces[0]?.probabilities.length, SLOW)
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
    const { port, app } = live;
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
    const source = await spotFolder(folder);
    const switched = await startLive({ source });
    try {
      await expect.poll(() => switched.app.engine.latest, SLOW).not.toBeNull();
      expect((await put({ source: "browser" }, switched.port)).status).toBe(200);
      expect(switched.app.hello.browser).toBe(true);
      expect(switched.app.engine.status.state).toBe("waiting");
      expect(switched.app.engine.latest).toBeNull();
      expect((await put({ source }, switched.port)).status).toBe(200);
      await expect.poll(() => switched.app.engine.latest, SLOW).not.toBeNull();
    } finally {
      await switched.close();
    }
  });
});

describe("the live server refuses", () => {
  const json = { "Content-Type": "application/json" };

  it("a foreign Host, as after DNS rebinding, over HTTP and WebSocket", async () => {
    const Host = `evil.example:${live.port}`;
    expect((await ask("/", { Host })).status).toBe(403);
    expect((await ask("/api/people", { Host, Origin: `http://${Host}` })).status).toBe(403);
    expect(await openSocket(live.port, { Host })).toBe("403");
  });

  it("another site's Origin, over HTTP and WebSocket", async () => {
    for (const Origin of ["http://evil.example", "null", "http://127.0.0.1:1"]) {
      expect((await ask("/api/people", { Origin })).status).toBe(403);
      expect(await openSocket(live.port, { Origin })).toBe("403");
    }
    expect(await openSocket(live.port, { Origin: live.origin })).toBe("open");
  });

  it("a missing and a wrong token, if other machines can reach it", async () => {
    const token = "right-token-0123456789";
    const open = await startLive({ source: "browser", host: "0.0.0.0", token });
    try {
      const { port } = open;
      expect((await ask("/api/people", {}, { port })).status).toBe(401);
      expect((await ask("/api/people?token=wrong", {}, { port })).status).toBe(401);
      expect(await openSocket(port, {})).toBe("401");
      expect(await openSocket(port, {}, "?token=wrong")).toBe("401");
      expect(await openSocket(port, { Authorization: `Bearer ${token}` })).toBe("open");
      const entered = await ask(`/?token=${token}`, {}, { port });
      expect(entered.status).toBe(302);
      // Relative, and with the other parameters, so that a proxy can serve it below another path.
      expect(entered.headers["location"]).toBe("./");
      const kiosk = await ask(`/kiosk?privacy&token=${token}`, {}, { port });
      expect(kiosk.headers["location"]).toBe("./kiosk?privacy=");
      const cookie = String(entered.headers["set-cookie"]);
      expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
      const mine = { Cookie: cookie.split(";")[0] as string };
      expect((await ask("/api/people", mine, { port })).status).toBe(200);
      expect(
        (await ask("/api/people", { ...mine, Host: `evil.example:${port}` }, { port })).status,
      ).toBe(403);
    } finally {
      await open.close();
    }
  });

  it("what is not viewing to a view-only token, and its camera's pictures", async () => {
    const viewToken = "view-token-0123456789";
    const all = "all-token-01234567890";
    const open = await startLive({ source: "browser", token: all, guard: { viewToken } });
    try {
      const { port } = open;
      const view = { Authorization: `Bearer ${viewToken}` };
      for (const place of ["/api/status", "/metrics", "/api/openapi.json"]) {
        expect([place, (await ask(place, view, { port })).status]).toEqual([place, 200]);
      }
      for (const place of [
        "/api/people",
        "/api/settings",
        "/api/consent?name=A",
        "/api/enrolment",
      ]) {
        expect([place, (await ask(place, view, { port })).status]).toEqual([place, 403]);
      }
      for (const [method, place] of [
        ["PUT", "/api/session"],
        ["PUT", "/api/settings"],
        ["POST", "/api/analyze"],
        ["DELETE", "/api/people/Ada"],
      ] as const) {
        const { status } = await ask(place, { ...view, ...json }, { port, method, body: "{}" });
        expect([place, status]).toEqual([place, 403]);
      }
      const heard: { type: string; viewOnly?: boolean }[] = [];
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?token=${viewToken}`);
      socket.on("message", (data: Buffer) => heard.push(JSON.parse(data.toString()) as never));
      await expect.poll(() => heard.map(({ type }) => type), SLOW).toContain("stats");
      expect(heard[0]).toMatchObject({ type: "hello", viewOnly: true });
      expect(heard.map(({ type }) => type)).not.toContain("enrolment");
      const rgba = await spot(64).ensureAlpha().raw().toBuffer();
      socket.send(cameraMessage({ width: 416, height: 320, number: 1 }, rgba));
      heard.length = 0;
      await expect.poll(() => heard.length, SLOW).toBeGreaterThan(0);
      expect(open.app.engine.latest).toBeNull();
      expect(open.app.engine.status.state).toBe("waiting");
      socket.terminate();
    } finally {
      await open.close();
    }
  });

  it("hosts and origins that are not allowed, and answers those that are", async () => {
    const guard = { allowedHosts: ["faces.example"], allowedOrigins: ["https://board.example"] };
    const proxied = await startLive({ source: "browser", guard });
    try {
      const { port } = proxied;
      const Host = "faces.example";
      const status = async (headers: Record<string, string>, method = "GET") =>
        (await ask("/api/status", headers, { port, method })).status;
      expect(await status({ Host })).toBe(200);
      expect(await status({ Host, Origin: "https://faces.example" })).toBe(200);
      expect(await status({ Host: "other.example" })).toBe(403);
      expect(await status({ Host, Origin: "https://other.example" })).toBe(403);
      expect(await status({ Host: `127.0.0.1:${port}`, Origin: `https://127.0.0.1:${port}` })).toBe(
        403,
      );
      const Origin = "https://board.example";
      const foreign = { Origin, "Sec-Fetch-Site": "cross-site" };
      const allowed = await ask("/api/status", foreign, { port });
      expect(allowed.status).toBe(200);
      expect(allowed.headers["access-control-allow-origin"]).toBe(Origin);
      expect(await status(foreign, "OPTIONS")).toBe(204);
      expect(await status({ "Sec-Fetch-Site": "cross-site" })).toBe(403);
      expect(await openSocket(port, { Origin })).toBe("open");
      expect(await openSocket(port, { Origin: "https://board.example.evil.example" })).toBe("403");
    } finally {
      await proxied.close();
    }
  });

  it("paths outside of its folders, and names that are paths, tags or reversed text", async () => {
    for (const place of ["/../package.json", "/..%2f..%2fetc/passwd", "/assets/%2e%2e/x", "/%00"]) {
      expect((await ask(place)).status).toBeGreaterThanOrEqual(400);
    }
    const names = [
      "../../etc",
      "a/b",
      "a\\b",
      "\u202egnp",
      "<script>alert(1)</script>",
      "\u0000",
      "  ",
      "x".repeat(101),
      "a\u200bb",
    ];
    for (const name of names) {
      const body = JSON.stringify({ name, count: 1, keepDays: 1, consent: true });
      const { status } = await ask("/api/enrolment", json, { method: "POST", body });
      expect([name, status]).toEqual([name, 400]);
    }
  });

  it("to enrol anybody without consent", async () => {
    const body = JSON.stringify({ name: "Ada", count: 1, keepDays: 1, consent: false });
    const { status, body: said } = await ask("/api/enrolment", json, { method: "POST", body });
    expect(status).toBe(400);
    expect(said).toMatch(/consented/);
  });

  it("uploads of 100 MB, images with too many pixels, archives and text", async () => {
    const post = (type: string, body: Buffer, more = {}) =>
      ask("/api/analyze", { "Content-Type": type, ...more }, { method: "POST", body }).catch(
        // The connection is closed before all of it is sent.
        () => ({ status: 413, body: "" }),
      );
    expect((await post("image/jpeg", Buffer.alloc(100e6))).status).toBe(413);
    const bomb = await sharp({
      create: { width: 20_000, height: 20_000, channels: 3, background: "black" },
      limitInputPixels: false,
    })
      .png()
      .toBuffer();
    const refused = await post("image/png", bomb);
    expect(refused.status).toBe(422);
    expect(refused.body).toMatch(/megapixels/);
    const zipped = gzipSync(Buffer.alloc(50e6));
    expect((await post("application/octet-stream", zipped)).status).toBe(422);
    expect((await post("image/jpeg", zipped, { "Content-Encoding": "gzip" })).status).toBe(422);
    expect(
      (await post("image/svg+xml", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>")))
        .status,
    ).toBe(422);
    expect((await post("text/html", Buffer.from("x"))).status).toBe(415);
    // 422, since the type is accepted but the body is not an image.
    for (const type of [
      "image/jpeg; charset=binary",
      "IMAGE/JPEG",
      "application/octet-stream;charset=binary",
    ]) {
      expect([type, (await post(type, Buffer.from("x"))).status]).toEqual([type, 422]);
    }
  });

  it("a viewer that sends malformed messages, and serves the others", async () => {
    const camera = await startLive({ source: "browser" });
    try {
      for (const { port } of [live, camera]) {
        const closed = new Promise<number>((resolve) => {
          const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
          socket.on("open", () => {
            for (let i = 0; i < 10_000; i++) {
              socket.send(i % 2 ? `{"type":${i}` : Buffer.alloc(50, i));
            }
          });
          socket.on("close", resolve);
          socket.on("error", () => undefined);
        });
        expect(await closed).toBe(1008);
      }
      expect((await listenUntil(({ type }) => type === "frame")).length).toBeGreaterThan(0);
    } finally {
      await camera.close();
    }
  });

  it("to be embedded in other sites, and to let its page load anything from them", async () => {
    const { headers } = await ask("/api/status");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });
});
