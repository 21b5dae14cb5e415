import { describe, expect, it } from "vitest";
import { counted, rateText } from "./number-text.ts";

describe("texts of numbers", () => {
  it("never round a small rate to zero", () => {
    expect([0, 0.0004, 0.0006, 0.123].map(rateText)).toEqual([
      "under 0.1 %",
      "under 0.1 %",
      "0.1 %",
      "12.3 %",
    ]);
  });

  it("use the singular for one only", () => {
    expect([0, 1, 2].map((count) => counted(count, "face"))).toEqual([
      "0 faces",
      "1 face",
      "2 faces",
    ]);
  });
});
