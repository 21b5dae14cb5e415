import { formatPercent } from "@mien/cli";

/** A share in percent: `58.54 %` for 0.5854; a dash if it is unknown. */
export function percent(share: number | null | undefined, digits = 2): string {
  return share === null || share === undefined || Number.isNaN(share)
    ? "–"
    : formatPercent(share, digits);
}

/** A whole number with commas: `3,589`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}
