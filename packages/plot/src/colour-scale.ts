/** Red, green and blue, 0–255. */
type Rgb = readonly [number, number, number];

/**
 * Colours of the scale from 0 to 1 in equal steps: nearly white to dark blue, each darker than the previous colour.
 */
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
 * @param value 0–1; values outside this range are clamped.
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

/** A colour in CSS notation. */
export function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red}, ${green}, ${blue})`;
}
