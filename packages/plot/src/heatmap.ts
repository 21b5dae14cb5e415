import { cssColour, isDark, sequentialColour } from "./colour-scale.ts";
import { COLOURS, fontOf, openCanvas, widestText } from "./theme.ts";

/** The content of a heat map. */
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
