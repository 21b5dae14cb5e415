import { benchmarkTable } from "@mien/bench";
import type { Terminal } from "@mien/cli";
import { WAYS, type ForgetRound, type Way } from "./forget-rounds.ts";

/** Prints what was found, a row for each way to delete a person, and each trace that was left. */
export function showRounds(terminal: Terminal, rounds: readonly ForgetRound[]): void {
  const ways = Object.keys(WAYS) as Way[];
  const rows = ways
    .map((way) => ({ way, found: rounds.filter((round) => round.way === way) }))
    .filter(({ found }) => found.length > 0);
  const sum = (found: readonly ForgetRound[], figure: (round: ForgetRound) => number) =>
    found.reduce((total, round) => total + figure(round), 0);
  const median = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  benchmarkTable(terminal, rows, [
    ["deleted by", ({ way }) => WAYS[way]],
    ["deletions", ({ found }) => found.length],
    ["not confirmed", ({ found }) => found.filter(({ unconfirmed }) => unconfirmed).length],
    ["messages before", ({ found }) => sum(found, ({ messagesBefore }) => messagesBefore)],
    ["messages after", ({ found }) => sum(found, ({ messagesAfter }) => messagesAfter)],
    ["shown after", ({ found }) => sum(found, ({ shownAfter }) => shownAfter.length)],
    ["files after", ({ found }) => sum(found, ({ filesAfter }) => filesAfter.length)],
    [
      "median time",
      ({ found }) => `${median(found.map(({ deletionMs }) => deletionMs)).toFixed(0)} ms`,
    ],
  ]);
  for (const [i, { shownAfter, filesAfter }] of rounds.entries()) {
    for (const trace of [...shownAfter, ...filesAfter]) {
      terminal.warn(`round ${i + 1}: ${trace}`);
    }
  }
}
