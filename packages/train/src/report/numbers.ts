import { formatPercent } from "@mien/cli";

/** `58.54 %` for 0.5854; a dash for what is not known. */
export function percent(share: number | null | undefined, digits = 2): string {
  return share === null || share === undefined || Number.isNaN(share)
    ? "–"
    : formatPercent(share, digits);
}

/** `3,589`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}
