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

/** A duration in seconds as `0:05`, `12:34` or `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [whole / 3600, (whole % 3600) / 60, whole % 60].map(Math.floor);
  const two = (value = 0) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A time in ISO 8601 as date and time of day, in the format of the browser's language. */
export function timeText(time: string): string {
  return new Date(time).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}
