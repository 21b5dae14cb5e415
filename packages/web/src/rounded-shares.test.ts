import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundedShares } from "./rounded-shares.ts";

describe("roundedShares", () => {
  it("adds up to 100, and is never off by 0.1 or more", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), (counts) => {
        const total = counts.reduce((sum, count) => sum + count, 0);
        const shares = roundedShares(counts);
        const tenths = shares.reduce((sum, share) => sum + Math.round(10 * share), 0);
        expect(tenths).toBe(total === 0 ? 0 : 1000);
        shares.forEach((share, i) => {
          const exact = total === 0 ? 0 : (100 * (counts[i] ?? 0)) / total;
          expect(Math.abs(share - exact)).toBeLessThan(0.1);
        });
      }),
    );
  });

  it("rounds thirds to 33.4, 33.3 and 33.3", () => {
    expect(roundedShares([1, 1, 1])).toEqual([33.4, 33.3, 33.3]);
  });
});
