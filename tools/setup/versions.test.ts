import { describe, expect, it } from "vitest";
import { isAtLeast } from "./versions.mjs";

describe("versions", () => {
  it.each([
    ["v20.19.0", [20, 19], true],
    ["v20.18.3", [20, 19], false],
    ["v20.9.0", [20, 19], false],
    ["v22.0.0", [20, 19], true],
    ["v18.20.8", [20, 19], false],
    ["3.10", [3, 10], true],
    ["3.9.21", [3, 10], false],
    ["3.14.0rc2", [3, 10], true],
    ["3", [3, 10], false],
    ["4", [3, 10], true],
    ["", [0], false],
    ["Python was not found", [0], false],
  ])("compare as numbers: %s against %j", (version, floor, expected) => {
    expect(isAtLeast(version, floor)).toBe(expected);
  });
});
