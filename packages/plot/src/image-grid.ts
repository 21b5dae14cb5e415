import { pictureOf, type Pixels } from "./picture.ts";
import { fontOf, openCanvas, THEMES, widestText, type Theme } from "./theme.ts";

/** One picture of a grid. */
interface GridImage extends Pixels {
  /** Text below the picture. */
  readonly caption?: string;
}

/** The content of an image grid. */
export interface ImageGrid {
  /** Rows from top to bottom. Labels take no space if all are empty. */
  readonly rows: readonly { readonly label: string; readonly images: readonly GridImage[] }[];
  readonly title: string;
  /** Layout pixels per image pixel, which is drawn as a square. Default 1.5. */
  readonly scale?: number;
  /** Default `light`. */
  readonly theme?: Theme;
}

/** Font sizes, margin and gap, in layout pixels. */
const LABEL = 13;
const CAPTION = 13;
const TITLE = 16;
const MARGIN = 20;
const GAP = 6;

/**
 * Draws pictures in labelled rows.
 *
 * @returns a PNG with two device pixels per layout pixel.
 * @throws {RangeError} if the number of a picture's pixel values is not height × width × channels.
 */
export function drawImageGrid({ rows, title, scale = 1.5, theme = "light" }: ImageGrid): Buffer {
  const colours = THEMES[theme];
  const images = rows.flatMap((row) => row.images);
  const captions = images.map((image) => image.caption ?? "");
  const labels = rows.map((row) => row.label);
  const widest = (of: (image: GridImage) => number) => Math.max(1, ...images.map(of));
  const captionWidth = widestText(captions, fontOf(CAPTION));
  const captionHeight = captions.some((caption) => caption !== "") ? CAPTION + 6 : 0;
  const labelWidth = widestText(labels, fontOf(LABEL));
  const stepX =
    Math.max(
      widest((image) => image.width * scale),
      captionWidth,
    ) + GAP;
  const stepY = widest((image) => image.height * scale) + captionHeight + GAP;
  const left = MARGIN + (labelWidth > 0 ? labelWidth + 12 : 0);
  const top = MARGIN + TITLE + 16;
  const columns = Math.max(1, ...rows.map((row) => row.images.length));
  const titleWidth = widestText([title], fontOf(TITLE, "bold"));
  const width = Math.max(titleWidth + 2 * MARGIN, left + columns * stepX - GAP + MARGIN);
  const { canvas, context } = openCanvas(width, top + rows.length * stepY - GAP + MARGIN, theme);

  context.textBaseline = "middle";
  context.font = fontOf(TITLE, "bold");
  context.fillText(title, MARGIN, MARGIN + TITLE / 2);
  context.imageSmoothingEnabled = false;
  rows.forEach((row, rowIndex) => {
    const y = top + rowIndex * stepY;
    context.fillStyle = colours.text;
    context.font = fontOf(LABEL);
    context.textAlign = "left";
    context.fillText(row.label, MARGIN, y + (stepY - GAP - captionHeight) / 2);
    context.fillStyle = colours.quiet;
    context.font = fontOf(CAPTION);
    context.textAlign = "center";
    row.images.forEach((image, column) => {
      const x = left + column * stepX + (stepX - GAP - image.width * scale) / 2;
      context.drawImage(pictureOf(image), x, y, image.width * scale, image.height * scale);
      if (image.caption === undefined) return;
      const middle = left + column * stepX + (stepX - GAP) / 2;
      context.fillText(image.caption, middle, y + image.height * scale + captionHeight / 2);
    });
  });
  return canvas.toBuffer("image/png");
}
