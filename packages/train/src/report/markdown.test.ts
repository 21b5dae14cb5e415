import { describe, expect, it } from "vitest";
import { cell, table } from "./markdown.ts";

describe("markdown", () => {
  it("escapes text in cells, and aligns numbers to the right", () => {
    expect(cell("a|b\n`c`")).toBe("a\\|b \\`c\\`");
    expect(
      table(
        ["x", "n"],
        [
          ["a", "1,234"],
          ["b", "5.0 %"],
        ],
      ),
    ).toBe("| x | n |\n| --- | --: |\n| a | 1,234 |\n| b | 5.0 % |");
  });
});
