import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { socketAddress } from "./server-address.ts";

describe("the address of the WebSocket", () => {
  it.each([
    ["http://127.0.0.1:3000/", "ws://127.0.0.1:3000/ws?ack=1"],
    ["http://127.0.0.1:3000/kiosk?privacy#live", "ws://127.0.0.1:3000/ws?ack=1"],
    ["https://example.org/mien/", "wss://example.org/mien/ws?ack=1"],
    ["https://example.org/mien/kiosk", "wss://example.org/mien/ws?ack=1"],
  ])("of %s is %s", (page, address) => {
    expect(socketAddress(page).href).toBe(address);
  });
});

describe("the page", () => {
  it("has only relative addresses, so that a proxy can serve it below another path", async () => {
    const folder = path.resolve(import.meta.dirname, "..");
    const files = await readdir(folder, { recursive: true });
    for (const file of files.filter((name) => /(?<!\.test)\.tsx?$/.test(name))) {
      const text = await readFile(path.join(folder, file), "utf8");
      expect([file, text.match(/["`]\/(api|ws|metrics)\b/g)]).toEqual([file, null]);
    }
  });
});
