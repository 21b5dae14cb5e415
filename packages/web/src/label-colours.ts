/**
 * The colours of the labels, in their order; with more labels, they begin again. They also differ in
 * lightness, so that people with a colour vision deficiency can tell them apart.
 */
const COLOURS = [
  "#d1495b",
  "#6a994e",
  "#7b5ea7",
  "#e9a03b",
  "#3d7ea6",
  "#2a9d8f",
  "#8d99ae",
] as const;

/** The colour of a label on the page and in reports, by the index of the label. */
export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? COLOURS[0];
}
