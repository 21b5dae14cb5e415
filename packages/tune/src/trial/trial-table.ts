import { formatPercent, formatSeconds, type Progress, type Terminal } from "@mien/cli";
import type { Status, Trial } from "../optuna/optuna-protocol.ts";
import type { Asked } from "./worker-loop.ts";

/**
 * The live table of a search: a line for every finished trial, and a progress bar for the running
 * one.
 */
export interface TrialTable {
  readonly started: (trial: Asked) => void;
  readonly progress: (trial: Asked, epoch: number, share: number) => void;
  /** Adds the trials that have ended since the last call. */
  readonly status: (status: Status) => void;
  readonly stop: () => void;
}

const COLUMNS = { trial: 6, state: 12, value: 9, best: 12, time: 13, left: 14 } as const;

/**
 * @param epochs of a trial that is not pruned.
 * @param silent omit trials that ended before the first status.
 */
export function trialTable(
  terminal: Terminal,
  { epochs, silent = true }: { readonly epochs: number; readonly silent?: boolean },
): TrialTable {
  const begun = performance.now();
  let doneAtStart: number | undefined;
  let left = "";
  let best = -Infinity;
  let bar: Progress | undefined;
  let headed = false;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  const line = (cells: Record<keyof typeof COLUMNS, string>, note = "") => {
    const columns = Object.entries(COLUMNS) as [keyof typeof COLUMNS, number][];
    terminal.say(columns.map(([name, width]) => cells[name].padStart(width)).join("") + note);
  };
  const row = (trial: Trial) => {
    if (trial.state === "complete") best = Math.max(best, trial.value ?? best);
    line(
      {
        trial: String(trial.number),
        state: trial.state,
        value: trial.value === null ? "–" : formatPercent(trial.value),
        best: best === -Infinity ? "–" : formatPercent(best),
        time: trial.seconds === null ? "–" : formatSeconds(trial.seconds),
        left,
      },
      trial.failure === null ? "" : `  ${firstLine(trial.failure)}`,
    );
  };
  return {
    stop,
    started: ({ number }) => {
      stop();
      bar = terminal.progress(`trial ${number}`, 100);
    },
    progress: (_, epoch, share) => {
      bar?.update(Math.round((100 * (epoch - 1 + share)) / epochs), `epoch ${epoch}/${epochs}`);
    },
    status: ({ target, counts, ended, best: bestNow }) => {
      const done = counts.complete + counts.pruned;
      if (doneAtStart === undefined) {
        doneAtStart = done;
        if (silent) {
          best = bestNow?.value ?? best;
          return;
        }
      }
      const sinceStart = done - doneAtStart;
      const each = (performance.now() - begun) / 1000 / Math.max(1, sinceStart);
      left = sinceStart > 0 && done < target ? formatSeconds(each * (target - done)) : "–";
      if (ended.length === 0) return;
      stop();
      if (!headed) {
        const head = { trial: "trial", state: "state", value: "value", time: "time" };
        line({ ...head, best: "best so far", left: "time left" });
        headed = true;
      }
      for (const trial of [...ended].sort((a, b) => a.number - b.number)) row(trial);
    },
  };
}

function firstLine(text: string): string {
  const first = text.split("\n")[0] ?? "";
  return first.length > 90 ? `${first.slice(0, 90)}…` : first;
}
