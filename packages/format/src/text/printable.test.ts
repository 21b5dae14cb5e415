import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "./printable.ts";

describe("printable", () => {
  it.each([
    ["\u001b[2Jx", "\\u001b[2Jx"],
    ["a\tb\r\n", "a\\tb\\r\\n"],
    ["\u009b31m", "\\u009b31m"],
    ["\u202egpj.exe", "\\u202egpj.exe"],
    ["\ud800", "\\ud800"],
    ["Gefühl, 表情 😀", "Gefühl, 表情 😀"],
  ])("shows %j as %s", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  // Any text, with lone surrogates. fast-check's own strings of this kind take seconds to set up.
  const codeUnits = fc.array(
    fc.oneof(fc.integer({ max: 0xffff, min: 0 }), fc.integer({ max: 0x9f, min: 0 })),
  );

  it("leaves no control character in any text", () => {
    fc.assert(
      fc.property(codeUnits, (units) => {
        const text = String.fromCharCode(...units);
        expect(printable(text)).not.toMatch(/\p{Cc}|\p{Cs}|[\u2028\u2029\u202a-\u202e]/u);
      }),
      { seed: 1 },
    );
  });
});
