import { formatPercent } from "@mien/cli";

/** The expected error rates of recognition, 0–1 each; null where they are not known. */
export interface ErrorRates {
  /** Share of strangers who are recognised as an enrolled person. */
  readonly falseAccept: number | null;
  /** Share of pictures of an enrolled person that are not recognised. */
  readonly falseReject: number | null;
}

/** `1.2 %` for 0.012, `unknown` for null. */
export function formatRate(rate: number | null): string {
  return rate === null ? "unknown" : formatPercent(rate, 1);
}

/** The expected error rates in words. */
export function expectedErrors({ falseAccept, falseReject }: ErrorRates): string {
  return (
    `expected errors: ${formatRate(falseAccept)} of strangers taken for an enrolled person, ` +
    `${formatRate(falseReject)} of enrolled people's pictures not recognised`
  );
}
