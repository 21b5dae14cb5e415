import { describe, expect, it } from "vitest";
import { slideWindow } from "./window.ts";

describe("slideWindow", () => {
  it("puts the odd cell of padding at the end, as TensorFlow does", () => {
    const options = { stride: 1, dilation: 1, padding: "same" } as const;
    expect(slideWindow(7, 2, options)).toEqual({ output: 7, before: 0, after: 1 });
    expect(slideWindow(7, 4, options)).toEqual({ output: 7, before: 1, after: 2 });
  });

  it("pads just enough for the last window to fit, and no cell more", () => {
    for (let size = 1; size <= 12; size++) {
      for (let kernel = 1; kernel <= 5; kernel++) {
        for (let stride = 1; stride <= 4; stride++) {
          for (let dilation = 1; dilation <= (stride === 1 ? 3 : 1); dilation++) {
            const reach = (kernel - 1) * dilation + 1;
            const same = slideWindow(size, kernel, { stride, dilation, padding: "same" });
            const end = (same.output - 1) * stride + reach;
            const padded = size + same.before + same.after;
            expect(same.output).toBe(Math.ceil(size / stride));
            expect(padded).toBe(Math.max(end, size));
            expect(same.after - same.before === 0 || same.after - same.before === 1).toBe(true);
            const valid = slideWindow(size, kernel, { stride, dilation, padding: "valid" });
            // The number of windows with both ends inside.
            const starts = Array.from({ length: size }, (_, i) => i * stride);
            const fitting = starts.filter((start) => start + reach <= size).length;
            expect(Math.max(0, valid.output)).toBe(fitting);
          }
        }
      }
    }
  });
});
