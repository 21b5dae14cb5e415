import type { Frame } from "@mien/format";
import { describe, expect, it } from "vitest";
import { FrameQueue } from "./frame-queue.ts";

const frame = (index: number): Frame => ({
  index,
  timeMs: index,
  width: 1,
  height: 1,
  pixels: new Uint8Array(3),
});

describe("a live queue", () => {
  it("keeps only the newest frame", async () => {
    const queue = new FrameQueue({ capacity: 1, dropOldest: true });
    for (let i = 0; i < 5; i++) expect(queue.push(frame(i))).toBe(true);
    expect((await queue.next())?.index).toBe(4);
    expect(queue.size).toBe(0);
  });

  it("wakes a waiting reader", async () => {
    const queue = new FrameQueue({ capacity: 1, dropOldest: true });
    const next = queue.next();
    queue.push(frame(7));
    expect((await next)?.index).toBe(7);
  });
});

describe("a queue that keeps every frame", () => {
  it("tells its producer to wait when it is full, and when there is room again", async () => {
    let room = 0;
    const queue = new FrameQueue({ capacity: 2, dropOldest: false, onRoom: () => room++ });
    expect(queue.push(frame(0))).toBe(true);
    expect(queue.push(frame(1))).toBe(false);
    expect((await queue.next())?.index).toBe(0);
    expect((await queue.next())?.index).toBe(1);
    expect(room).toBe(1);
  });

  it("delivers its frames before it ends with an error", async () => {
    const queue = new FrameQueue({ capacity: 4, dropOldest: false });
    queue.push(frame(0));
    queue.end(new Error("broken"));
    expect((await queue.next())?.index).toBe(0);
    await expect(queue.next()).rejects.toThrow("broken");
  });

  it("drops its frames when it is closed", async () => {
    const queue = new FrameQueue({ capacity: 4, dropOldest: false });
    queue.push(frame(0));
    queue.close();
    queue.push(frame(1));
    expect(await queue.next()).toBeUndefined();
  });
});
