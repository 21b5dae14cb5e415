import { describe, expect, it } from "vitest";
import { clockText, counted, rateText } from "./number-text.ts";

describe("texts of numbers", () => {
  it("never round a small rate to zero", () => {
    expect([0, 0.0004, 0.0006, 0.123].map(rateText)).toEqual([
      "under 0.1 %",
      "under 0.1 %",
      "0.1 %",
      "12.3 %",
    ]);
  });

  it("show hours only from one hour on", () => {
    expect([0, 5.9, 754, 3723].map(clockText)).toEqual(["0:00", "0:05", "12:34", "1:02:03"]);
  });

  it("use the singular for one only", () => {
    expect([0, 1, 2].map((count) => counted(count, "face"))).toEqual([
      "0 faces",
      "1 face",
      "2 faces",
    ]);
  });
});
