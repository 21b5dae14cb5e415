import { COLOURS, fontOf, openCanvas, widestText } from "./theme.ts";

/** What a heat map shows. */
export interface Heatmap {
  /** [rows][columns], 0–1. A value that is not finite is drawn as missing. */
  readonly values: readonly (readonly number[])[];
  /** Row names, from top to bottom. */
  readonly rows: readonly string[];
  /** Column names, from left to right. */
  readonly columns: readonly string[];
  readonly title: string;
  /** What the rows are, for example "actual". */
  readonly rowTitle: string;
  /** What the columns are, for example "predicted". */
  readonly columnTitle: string;
  /** The text in a cell. Default two decimals. */
  readonly format?: (value: number) => string;
}

/** Font sizes and margin in layout pixels. */
const LABEL = 13;
const TITLE = 16;
const MARGIN = 20;

/**
 * Draws a heat map with its values in the cells, for example a normalised confusion matrix.
 *
 * @returns a PNG with two device pixels per layout pixel.
 */
export function drawHeatmap(heatmap: Heatmap): Buffer {
  const { values, rows, columns, title, rowTitle, columnTitle } = heatmap;
  const format = heatmap.format ?? ((value: number) => value.toFixed(2));
  const texts = values.flat().map((value) => (Number.isFinite(value) ? format(value) : "–"));
  const columnWidth = widestText(columns, fontOf(LABEL)) + 14;
  const cellWidth = Math.ceil(Math.max(56, columnWidth, widestText(texts, fontOf(LABEL)) + 14));
  const cellHeight = 46;
  const left = MARGIN + 26 + widestText(rows, fontOf(LABEL)) + 10;
  const top = MARGIN + TITLE + 22;
  const scaleWidth = 14;
  const gridWidth = columns.length * cellWidth;
  const gridHeight = rows.length * cellHeight;
  const titleWidth = widestText([title], fontOf(TITLE, "bold")) + 2 * MARGIN;
  const width = Math.max(titleWidth, left + gridWidth + 24 + scaleWidth + 36 + MARGIN);
  const height = top + gridHeight + 58 + MARGIN;
  const { canvas, context } = openCanvas(width, height);

  context.textBaseline = "middle";
  context.textAlign = "left";
  context.font = fontOf(TITLE, "bold");
  context.fillText(title, MARGIN, MARGIN + TITLE / 2);

  context.font = fontOf(LABEL);
  values.forEach((row, y) =>
    row.forEach((value, x) => {
      const known = Number.isFinite(value);
      const [cellLeft, cellTop] = [left + x * cellWidth, top + y * cellHeight];
      context.fillStyle = known ? cssColour(sequentialColour(value)) : "#eceff3";
      context.fillRect(cellLeft, cellTop, cellWidth - 1, cellHeight - 1);
      context.fillStyle = known && isDark(sequentialColour(value)) ? "#ffffff" : COLOURS.text;
      context.textAlign = "center";
      const text = known ? format(value) : "–";
      context.fillText(text, cellLeft + (cellWidth - 1) / 2, cellTop + (cellHeight - 1) / 2);
    }),
  );

  context.fillStyle = COLOURS.text;
  context.textAlign = "right";
  rows.forEach((row, y) => context.fillText(row, left - 10, top + (y + 0.5) * cellHeight));
  context.textAlign = "center";
  columns.forEach((column, x) =>
    context.fillText(column, left + (x + 0.5) * cellWidth, top + gridHeight + 16),
  );
  context.fillStyle = COLOURS.quiet;
  context.fillText(columnTitle, left + gridWidth / 2, top + gridHeight + 44);
  context.save();
  context.translate(MARGIN + 8, top + gridHeight / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(rowTitle, 0, 0);
  context.restore();

  const scaleLeft = left + gridWidth + 24;
  for (let i = 0; i < gridHeight; i++) {
    context.fillStyle = cssColour(sequentialColour(1 - i / Math.max(1, gridHeight - 1)));
    context.fillRect(scaleLeft, top + i, scaleWidth, 1.5);
  }
  context.fillStyle = COLOURS.quiet;
  context.textAlign = "left";
  for (const value of [0, 0.5, 1]) {
    const y = top + (1 - value) * (gridHeight - 10) + 5;
    context.fillText(String(value), scaleLeft + scaleWidth + 6, y);
  }
  return canvas.toBuffer("image/png");
}

/** Red, green and blue, 0–255. */
type Rgb = readonly [number, number, number];

/** Colours of the scale from 0 to 1 in equal steps: nearly white to dark blue, each darker than the one before. */
const STOPS: readonly [Rgb, ...Rgb[]] = [
  [247, 250, 253],
  [205, 222, 240],
  [135, 182, 220],
  [56, 129, 190],
  [13, 78, 145],
  [8, 42, 90],
];

/**
 * The colour of a value on the scale from light to dark.
 *
 * @param value 0–1; others are clamped.
 * @returns red, green and blue, 0–255.
 */
export function sequentialColour(value: number): Rgb {
  const place = Math.min(1, Math.max(0, value)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(place));
  const [from = STOPS[0], to = from] = STOPS.slice(index, index + 2);
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (place - index));
  return [mix(0), mix(1), mix(2)];
}

/**
 * Whether white text is easier to read on a colour than dark text, by relative luminance.
 *
 * White and the text colour of plots have the same contrast ratio to a colour of luminance 0.22.
 *
 * @see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
 */
export function isDark(colour: Rgb): boolean {
  const [red = 0, green = 0, blue = 0] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.22;
}

function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red}, ${green}, ${blue})`;
}
