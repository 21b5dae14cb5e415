import { describe, expect, it } from "vitest";
import { drawImageGrid } from "./image-grid.ts";
import { decode } from "./testing/pixels.ts";

const flat = (colour: readonly number[], size = 20) => ({
  pixels: Uint8Array.from(
    { length: size * size * colour.length },
    (_, i) => colour[i % colour.length] ?? 0,
  ),
  height: size,
  width: size,
  channels: colour.length,
});

describe("drawImageGrid", () => {
  it("shows every pixel in its own colour, grey and RGB, at the given scale", async () => {
    const rows = [{ label: "row", images: [flat([77]), flat([200, 30, 90])] }];
    const pixels = await decode(drawImageGrid({ rows, title: "t", scale: 2 }));
    // 20 pixels × scale 2 × 2 device pixels.
    expect(pixels.count(77, 77, 77)).toBeGreaterThanOrEqual(80 * 80);
    expect(pixels.count(200, 30, 90)).toBe(80 * 80);
  });

  it("keeps pixels as squares instead of smoothing them", async () => {
    const image = { pixels: Uint8Array.of(10, 240, 240, 10), height: 2, width: 2, channels: 1 };
    const pixels = await decode(
      drawImageGrid({ rows: [{ label: "", images: [image] }], title: "", scale: 10 }),
    );
    expect(pixels.count(10, 10, 10)).toBe(2 * 20 * 20);
    expect(pixels.count(240, 240, 240)).toBe(2 * 20 * 20);
  });

  it("leaves space for labels, captions and rows only if there are any", async () => {
    const size = async (label: string, caption?: string, count = 1) => {
      const image = { ...flat([50]), ...(caption === undefined ? {} : { caption }) };
      const rows = Array.from({ length: count }, () => ({ label, images: [image] }));
      const { width, height } = await decode(drawImageGrid({ rows, title: "" }));
      return { width, height };
    };
    const bare = await size("");
    expect((await size("label")).width).toBeGreaterThan(bare.width + 50);
    expect((await size("", "caption")).height).toBeGreaterThan(bare.height + 20);
    expect((await size("", undefined, 3)).height).toBeGreaterThan(bare.height + 100);
  });

  it("refuses a picture whose number of pixel values is wrong", () => {
    const image = { ...flat([1]), height: 21 };
    expect(() => drawImageGrid({ rows: [{ label: "", images: [image] }], title: "" })).toThrow(
      "400 pixel values for 21×20×1",
    );
  });
});
