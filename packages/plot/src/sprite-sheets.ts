import { createCanvas } from "@napi-rs/canvas";
import { escapeHtml } from "./page.ts";
import { pictureOf, type Pixels } from "./picture.ts";

/** Pictures on a sheet; a browser decodes a sheet when the first of its pictures is shown. */
const COLUMNS = 10;
const ROWS = 10;
/** Larger pictures are reduced to this length of their longer side, in pixels. */
const MAX_SIDE = 96;
/** Pixels around a picture that repeat its edge, so that its neighbour does not shine through. */
const BORDER = 1;
/** Quality of the WebP files, 0–100. At this quality, artefacts are not visible at twice the size. */
const QUALITY = 92;

/** Many small pictures of one size that a page holds in a few image files. */
interface SpriteSheets {
  /**
   * HTML of one picture.
   *
   * @param index position in the list of pictures.
   * @param label plain text that a screen reader reads.
   */
  readonly html: (index: number, label: string) => string;
  /** Where a picture is: the number of its sheet, and the column and row on it. */
  readonly at: (index: number) => {
    readonly sheet: number;
    readonly x: number;
    readonly y: number;
  };
  /** CSS with all sheets as data URIs. The width of a picture is the CSS variable `--picture`. */
  readonly css: string;
}

/**
 * Puts pictures on sheets (WebP, 100 pictures each), so that a page with a thousand of them stays
 * small and opens quickly.
 *
 * @param pictures all of one size and number of channels.
 */
export function drawSpriteSheets(pictures: readonly Pixels[]): SpriteSheets {
  const { width = 1, height = 1 } = pictures[0] ?? {};
  const reduction = Math.min(1, MAX_SIDE / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * reduction))) as [
    number,
    number,
  ];
  const [stepX, stepY] = [w + 2 * BORDER, h + 2 * BORDER];
  const perSheet = COLUMNS * ROWS;
  const rules: string[] = [];
  for (let from = 0; from < pictures.length; from += perSheet) {
    const shown = pictures.slice(from, from + perSheet);
    const rows = Math.ceil(shown.length / COLUMNS);
    const canvas = createCanvas(COLUMNS * stepX, rows * stepY);
    const context = canvas.getContext("2d");
    for (const [place, picture] of shown.entries()) {
      const x = (place % COLUMNS) * stepX;
      const y = Math.floor(place / COLUMNS) * stepY;
      const source = pictureOf(picture);
      context.drawImage(source, x, y, stepX, stepY);
      context.drawImage(source, x + BORDER, y + BORDER, w, h);
    }
    const data = canvas.toBuffer("image/webp", QUALITY).toString("base64");
    rules.push(
      `.sheet-${from / perSheet} { background-image: url(data:image/webp;base64,${data}); }`,
    );
  }
  const share = (pixels: number, of: number) => (pixels / of).toFixed(5);
  const css = `.picture { display: block; width: var(--picture); aspect-ratio: ${w} / ${h}; background-repeat: no-repeat;
  background-size: calc(var(--picture) * ${share(COLUMNS * stepX, w)}) auto;
  background-position: calc(var(--picture) * -${share(stepX, w)} * var(--x) - var(--picture) * ${share(BORDER, w)}) calc(var(--picture) * -${share(stepY, w)} * var(--y) - var(--picture) * ${share(BORDER, w)});
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
${rules.join("\n")}`;
  const at = (index: number) => {
    const place = index % perSheet;
    const sheet = Math.floor(index / perSheet);
    return { sheet, x: place % COLUMNS, y: Math.floor(place / COLUMNS) };
  };
  return {
    css,
    at,
    html: (index, label) => {
      const { sheet, x, y } = at(index);
      return `<span class="picture sheet-${sheet}" style="--x: ${x}; --y: ${y}" role="img" aria-label="${escapeHtml(label)}"></span>`;
    },
  };
}
