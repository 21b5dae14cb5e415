import path from "node:path";
import { counted, formatPercent, formatSeconds, type Terminal } from "@mien/cli";
import { printable, type FrameResult } from "@mien/format";
import type { Tally } from "./expression-tally.ts";

/** Largest number of rows of the printed table; results.jsonl has all. */
const MAX_ROWS = 20;

/** Collects the first faces of images, and prints them as a table. */
export class FaceRows {
  readonly #labels: readonly string[];
  readonly #rows: string[][] = [];
  #all = 0;

  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  add({ source, faces }: FrameResult): void {
    const image = shorten(printable(path.basename(source)));
    this.#all += Math.max(1, faces.length);
    if (this.#rows.length >= MAX_ROWS) return;
    if (faces.length === 0) this.#rows.push([image, "no face", "", ""]);
    for (const { probabilities } of faces) {
      const ranked = probabilities
        .map((probability, index) => ({ probability, label: this.#labels[index] ?? "" }))
        .sort((a, b) => b.probability - a.probability)
        .map(({ label, probability }) => [label, formatPercent(probability, 1)] as const);
      const [best = ["", ""], second] = ranked;
      this.#rows.push([image, best[0], best[1], second?.join(" ") ?? ""]);
    }
  }

  show(terminal: Terminal): void {
    const shown = this.#rows.slice(0, MAX_ROWS);
    terminal.table(["image", "expression", "probability", "runner-up"], shown);
    const rest = this.#all - shown.length;
    if (rest > 0) terminal.say(`… and ${rest} more`);
  }
}

/**
 * Prints a summary of an analysis.
 *
 * @param unit `image` or `frame`.
 * @param seconds duration of the analysis.
 */
export function showTally(
  terminal: Terminal,
  tally: Tally,
  { unit, seconds }: { readonly unit: string; readonly seconds: number },
): void {
  const { frames, faces, tracks, expressions, confirmed, belowQuorum, people, rejected } = tally;
  const total = Math.max(1, faces);
  terminal.say("");
  terminal.table(
    ["expression", "faces", "share", ...(tracks === null ? [] : ["confirmed"])],
    Object.entries(expressions).map(([label, count]) => [
      label,
      count,
      formatPercent(count / total, 1),
      ...(tracks === null ? [] : [confirmed[label] ?? 0]),
    ]),
  );
  if (belowQuorum > 0) {
    const count = counted(belowQuorum, "face");
    terminal.say(`below the quorum: ${count}, confirmed as Neutral or unsure for that reason`);
  }
  if (Object.keys(people).length > 0) {
    const rows = Object.entries(people).sort((a, b) => b[1] - a[1]);
    terminal.table(["person", "faces"], rows);
  }
  const reasons = Object.entries(rejected).map(([reason, count]) => `${count} ${reason}`);
  if (reasons.length > 0) terminal.say(`rejected: ${reasons.join(", ")}`);
  const ofTracks = tracks === null ? "" : ` of ${counted(tracks, "track")}`;
  const speed = `${formatSeconds(seconds)}, ${(frames / seconds).toFixed(0)} a second`;
  terminal.say(
    `${counted(frames, unit)} with ${counted(faces, "face")}${ofTracks} in ${speed}; ` +
      `${(tally.meanMs["total"] ?? 0).toFixed(1)} ms each without decoding, two at a time`,
  );
}

/** Shortens a long name by leaving out its middle, where names differ least. */
function shorten(name: string): string {
  const letters = [...new Intl.Segmenter().segment(name)].map(({ segment }) => segment);
  if (letters.length <= 40) return name;
  return `${letters.slice(0, 24).join("")}…${letters.slice(-15).join("")}`;
}
