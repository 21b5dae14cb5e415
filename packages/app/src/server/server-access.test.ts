import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { Agent, get } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { startLive } from "../testing/start-live.ts";
import { serverAccess, type AccessFlags } from "./server-access.ts";

const FLAGS: AccessFlags = {
  host: "127.0.0.1",
  allowHost: undefined,
  allowOrigin: undefined,
  cert: undefined,
  key: undefined,
  kioskStyle: undefined,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-access-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  delete process.env["MIEN_TOKEN"];
  delete process.env["MIEN_VIEW_TOKEN"];
});

describe("who may use the server", () => {
  it("needs no token on this machine alone, and two new ones if others can reach it", async () => {
    expect(await serverAccess(FLAGS)).toMatchObject({ token: undefined, viewToken: undefined });
    for (const more of [
      { host: "0.0.0.0" },
      { allowHost: "faces.example" },
      { allowOrigin: "https://board.example, http://10.0.0.7:8080" },
    ]) {
      const { token, viewToken } = await serverAccess({ ...FLAGS, ...more });
      expect(token).toMatch(/^[\w-]{22}$/);
      expect(viewToken).toMatch(/^[\w-]{22}$/);
      expect(viewToken).not.toBe(token);
      expect((await serverAccess({ ...FLAGS, ...more })).token).not.toBe(token);
    }
  });

  it("is decided by the tokens of the environment, also on this machine", async () => {
    process.env["MIEN_TOKEN"] = "fixed-token-0123456789";
    process.env["MIEN_VIEW_TOKEN"] = "fixed-view-0123456789";
    expect(await serverAccess(FLAGS)).toMatchObject({
      token: "fixed-token-0123456789",
      viewToken: "fixed-view-0123456789",
    });
  });

  it.each([
    [{ allowHost: "http://faces.example" }, {}, /no name of a host/],
    [{ allowOrigin: "faces.example" }, {}, /no origin/],
    [{ allowOrigin: "https://faces.example/" }, {}, /no origin/],
    [{ allowOrigin: "*" }, {}, /no origin/],
    [{ cert: "cert.pem" }, {}, /together/],
    [{ kioskStyle: "gone.css" }, {}, /cannot read gone\.css/],
    [{}, { MIEN_TOKEN: "short" }, /16 to 200/],
    [{}, { MIEN_TOKEN: "with a ; and blanks in it" }, /16 to 200/],
    [{}, { MIEN_VIEW_TOKEN: "only-this-0123456789" }, /needs MIEN_TOKEN/],
    [{}, { MIEN_TOKEN: "same-0123456789-0", MIEN_VIEW_TOKEN: "same-0123456789-0" }, /differ/],
  ])("refuses %j with %j", async (more, environment, problem) => {
    Object.assign(process.env, environment);
    await expect(serverAccess({ ...FLAGS, ...more })).rejects.toThrow(problem);
  });

  it("includes an encrypted connection with a certificate", async () => {
    const [cert, key] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
    const subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", ...subject, "-keyout", key, "-out", cert];
    try {
      execFileSync("openssl", made, { stdio: "ignore" });
    } catch (error) {
      if (process.env["CI"]) throw error;
      return;
    }
    const { tls } = await serverAccess({ ...FLAGS, cert, key });
    const live = await startLive({ source: "browser", guard: { tls } });
    const socket = new WebSocket(`wss://127.0.0.1:${live.port}/ws`, {
      rejectUnauthorized: false,
      origin: `https://127.0.0.1:${live.port}`,
    });
    try {
      const agent = new Agent({ rejectUnauthorized: false });
      const status = await new Promise((resolve, reject) => {
        get(`https://127.0.0.1:${live.port}/api/status`, { agent }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on("error", reject);
      });
      expect(status).toBe(200);
      await new Promise((resolve, reject) => {
        socket.once("message", resolve);
        socket.once("error", reject);
      });
    } finally {
      socket.terminate();
      await live.close();
    }
    await writeFile(cert, "no certificate");
    await expect(serverAccess({ ...FLAGS, cert, key })).rejects.toThrow(/no certificate in PEM/);
  });
});
