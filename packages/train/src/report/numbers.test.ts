import { expect, it } from "vitest";
import { count, percent } from "./numbers.ts";

it("shares are printed as percentages, unknown shares as a dash", () => {
  expect(percent(0.58541)).toBe("58.54 %");
  expect(percent(0.58541, 0)).toBe("59 %");
  expect([null, undefined, NaN].map((share) => percent(share))).toEqual(["–", "–", "–"]);
});

it("large numbers have commas, whatever the machine's language", () => {
  expect(count(1234567)).toBe("1,234,567");
});
