import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import WebSocket from "ws";
import { cameraMessage } from "../testing/camera-message.ts";
import { askLive, listenUntil, openSocket, serverTests } from "../testing/server-requests.ts";
import { spot, startLive } from "../testing/start-live.ts";

const tests = serverTests();
const ask = askLive(tests);

describe("the live server refuses", () => {
  const json = { "Content-Type": "application/json" };

  it("a foreign Host, as after DNS rebinding, over HTTP and WebSocket", async () => {
    const Host = `evil.example:${tests.live.port}`;
    expect((await ask("/", { Host })).status).toBe(403);
    expect((await ask("/api/people", { Host, Origin: `http://${Host}` })).status).toBe(403);
    expect(await openSocket(tests.live.port, { Host })).toBe("403");
  });

  it("another site's Origin, over HTTP and WebSocket", async () => {
    for (const Origin of ["http://evil.example", "null", "http://127.0.0.1:1"]) {
      expect((await ask("/api/people", { Origin })).status).toBe(403);
      expect(await openSocket(tests.live.port, { Origin })).toBe("403");
    }
    expect(await openSocket(tests.live.port, { Origin: tests.live.origin })).toBe("open");
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
      await expect.poll(() => heard.map(({ type }) => type)).toContain("stats");
      expect(heard[0]).toMatchObject({ type: "hello", viewOnly: true });
      expect(heard.map(({ type }) => type)).not.toContain("enrolment");
      const rgba = await spot(64).ensureAlpha().raw().toBuffer();
      socket.send(cameraMessage({ width: 416, height: 320, number: 1 }, rgba));
      heard.length = 0;
      await expect.poll(() => heard.length).toBeGreaterThan(0);
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
      for (const { port } of [tests.live, camera]) {
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
      expect(
        (await listenUntil(tests.live.port, ({ type }) => type === "frame")).length,
      ).toBeGreaterThan(0);
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
