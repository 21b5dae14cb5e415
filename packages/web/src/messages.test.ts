import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readViewerMessage, type ViewerMessage } from "./messages.ts";

const messages: fc.Arbitrary<ViewerMessage> = fc.oneof(
  fc.record({ type: fc.constant("watch" as const), depth: fc.boolean() }),
  fc.record({ type: fc.constant("pictures" as const), wanted: fc.boolean() }),
);

describe("readViewerMessage", () => {
  it("reads every message as it was sent", () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(readViewerMessage(JSON.stringify(message))).toEqual(message);
      }),
    );
  });

  it("reads nothing from a truncated message", () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, seed) => {
        const text = JSON.stringify(message);
        expect(readViewerMessage(text.slice(0, seed % text.length))).toBeUndefined();
      }),
    );
  });

  it("reads nothing from other JSON, or from what is no JSON", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(readViewerMessage(text)).toBeUndefined();
      }),
    );
  });

  it.each([
    ["{}", undefined],
    ['{"type":"hello"}', undefined],
    ['{"type":["watch"]}', undefined],
    ['{"type":"watch"}', { type: "watch", depth: false }],
    ['{"type":"watch","depth":1}', { type: "watch", depth: false }],
    ['{"type":"pictures"}', { type: "pictures", wanted: true }],
    ['{"type":"pictures","wanted":0}', { type: "pictures", wanted: true }],
  ])("reads %s with its defaults", (text, message) => {
    expect(readViewerMessage(text)).toEqual(message);
  });
});
