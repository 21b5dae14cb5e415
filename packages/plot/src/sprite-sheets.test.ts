import { createCanvas, loadImage } from "@napi-rs/canvas";
import { describe, expect, it } from "vitest";
import { drawSpriteSheets } from "./sprite-sheets.ts";

/** Grey pictures of 8 × 6 pixels, each of one value. */
const pictures = Array.from({ length: 130 }, (_, i) => ({
  ...{ width: 8, height: 6, channels: 1 },
  pixels: new Uint8Array(48).fill(i),
}));

describe("drawSpriteSheets", () => {
  const { css, html } = drawSpriteSheets(pictures);

  it("stores each picture at the place that its HTML names", async () => {
    const files = [...css.matchAll(/sheet-(\d+) { background-image: url\(data:image\/webp;base64,([^)]*)\)/g)]; // prettier-ignore
    expect(files).toHaveLength(2);
    for (const index of [0, 9, 57, 99, 100, 129]) {
      const [, sheet, x, y] = /sheet-(\d+)" style="--x: (\d+); --y: (\d+)"/.exec(html(index, "")) ?? []; // prettier-ignore
      const image = await loadImage(Buffer.from(files[Number(sheet)]?.[2] ?? "", "base64"));
      const context = createCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      const [value] = context.getImageData(Number(x) * 10 + 5, Number(y) * 8 + 4, 1, 1).data;
      expect(Math.abs((value ?? 0) - index)).toBeLessThanOrEqual(3);
    }
  });

  it("escapes labels", () => {
    expect(html(0, '<b title="x">')).toContain('aria-label="&lt;b title=&quot;x&quot;&gt;"');
  });

  it("reduces large pictures", () => {
    const pixels = new Uint8Array(300 * 200 * 3).fill(99);
    const sheets = drawSpriteSheets([{ pixels, width: 300, height: 200, channels: 3 }]);
    expect(sheets.css).toContain("aspect-ratio: 96 / 64");
  });

  it("makes no sheet without pictures", () => {
    expect(drawSpriteSheets([]).css).not.toContain("url(");
  });
});
