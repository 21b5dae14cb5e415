import stringWidth from "string-width";
import { formatSeconds } from "./format-quantities.ts";

/** Possible widths of the bar in columns; the widest that fits is used. */
const WIDTHS = [24, 12, 6] as const;

/** Work whose progress is shown. */
export interface Work {
  readonly label: string;
  /** Number of units; 0 if it is not known. */
  readonly total: number;
  /** Number of units that were finished before the work began. */
  readonly before: number;
}

/**
 * The time that the rest of the work will take at its speed so far, in seconds.
 *
 * @param done number of units finished, including those before.
 * @param seconds since the work began.
 * @returns undefined if it is not known.
 */
export function secondsLeft(
  { total, before }: Work,
  done: number,
  seconds: number,
): number | undefined {
  if (total <= 0 || done <= before) return undefined;
  return (seconds * Math.max(0, total - done)) / (done - before);
}

/** What a progress bar shows. */
interface BarState {
  readonly label: string;
  /** Units finished, 0 to `total`. */
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number | undefined;
  /** Further figures, separated by ", ". If they do not all fit, the last ones are left out. */
  readonly note: string;
}

/**
 * The bar as one line that is never wider than `columns`. Parts that do not fit are left out as a
 * whole, in this order: figures of the note from its end, width of the bar, time, counts.
 *
 * @param columns width of the terminal in characters.
 */
export function barLine(state: BarState, columns: number): string {
  const { label, done, total, secondsLeft } = state;
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const percent = `${Math.floor(100 * share)} %`;
  const time = secondsLeft === undefined ? "" : `, ${formatSeconds(secondsLeft)} left`;
  const figures = state.note.split(/[\r\n]+/)[0]?.split(", ") ?? [];
  const draw = (width: number) => {
    const filled = Math.round(width * share);
    return "█".repeat(filled) + "░".repeat(width - filled);
  };
  const [wide, ...narrow] = WIDTHS.map((width) => `${label} ${draw(width)} ${percent}`);
  const counts = total > 0 ? `${done}/${total}` : String(done);
  const candidates = [
    ...figures.map(
      (_, left) =>
        `${wide} ${counts}${time}  ${figures.slice(0, figures.length - left).join(", ")}`,
    ),
    ...[wide, ...narrow].map((start) => `${start} ${counts}${time}`),
    `${narrow.at(-1) ?? ""} ${counts}`,
    narrow.at(-1) ?? "",
    `${label} ${percent}`,
    percent,
  ];
  return (candidates.find((line) => stringWidth(line.trimEnd()) < columns) ?? "").trimEnd();
}
