/** An error rate, 0–1, as `12.3 %`; a rate that would be rounded to zero is `under 0.1 %`. */
export function rateText(rate: number): string {
  return rate < 0.0005 ? "under 0.1 %" : percent(rate, 1);
}

/** A share, 0–1, as `12 %`. */
export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** `1 picture` or `2 pictures`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
