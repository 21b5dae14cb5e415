import { imageAt, officialSplit } from "@mien/format";
import { describe, expect, it } from "vitest";
import { synthesize } from "../synth/synthesize.ts";
import { voteColumns, voteWinners, VOTE_COLUMNS, type Votes } from "../set/ferplus.ts";
import { runImages } from "./run-images.ts";

const set = synthesize({ count: 210, seed: 3 });
const GROUPS = "Negative=Angry,Disgust,Fear,Sad;drop=Neutral";
const NEGATIVE = ["Angry", "Disgust", "Fear", "Sad"];

/** The name of the class of an image of a set. */
const classOf = (of: typeof set, position: number) => of.classes[of.labels[position]!]!;
const choice = { split: "60/30/10", splitSeed: 2, splitTogether: "near-copies" } as const;

describe("the images of a run", () => {
  it("are those of the data set if no class is changed", async () => {
    const images = await runImages(set, { split: "official", classGroups: "*" });
    expect(images.set).toBe(set);
    expect(images.split).toEqual(officialSplit(set));
  });

  it("have the merged classes, and no image of a dropped class", async () => {
    const images = await runImages(set, { classGroups: GROUPS });
    expect(images.set.classes).toEqual(["Negative", "Happy", "Surprise"]);
    const kept = [...set.labels.keys()].filter((at) => classOf(set, at) !== "Neutral");
    expect([...images.set.row]).toEqual(kept.map((at) => set.row[at]));
    kept.forEach((at, place) => {
      const name = classOf(set, at);
      expect(classOf(images.set, place)).toBe(NEGATIVE.includes(name) ? "Negative" : name);
      expect(images.set.usage[place]).toBe(set.usage[at]);
    });
    expect(imageAt(images.set, 9)).toEqual(imageAt(set, kept[9]!));
  });

  it("are in the splits in which they are without merged classes", async () => {
    const whole = await runImages(set, choice);
    const images = await runImages(set, { ...choice, classGroups: GROUPS });
    for (const part of ["train", "validation", "test"] as const) {
      const rows = Array.from(whole.split[part]).filter((at) => classOf(set, at) !== "Neutral");
      expect(Array.from(images.split[part], (at) => images.set.row[at])).toEqual(
        rows.map((at) => set.row[at]),
      );
    }
  });

  it("have the sums of the votes for merged classes, and no class for the votes of dropped ones", async () => {
    const { set: merged, ...images } = await runImages(set, { classGroups: GROUPS });
    const votesOf = (given: Partial<Record<(typeof VOTE_COLUMNS)[number], number>>) =>
      VOTE_COLUMNS.map((column) => given[column] ?? 0);
    const ballots = [
      votesOf({ anger: 3, sadness: 2, happiness: 4, unknown: 1 }),
      votesOf({ neutral: 6, happiness: 3, NF: 1 }),
      votesOf({ surprise: 9, contempt: 1 }),
    ];
    const counts = Uint8Array.from([...set.labels.keys()].flatMap((at) => ballots[at % 3]!));
    const votes: Votes = { columns: VOTE_COLUMNS, counts, path: "votes.csv", sha256: "0" };
    const mapped = images.votes(votes);
    expect(voteColumns(mapped, merged.classes)).toEqual([0, 1, 2]);
    // Happy has the most votes in the first ballot, but Negative has more together.
    const winners = ["Negative", undefined, "Surprise"];
    voteWinners(mapped, merged.classes).forEach((winner, place) => {
      expect(merged.classes[winner]).toBe(winners[merged.row[place]! % 3]);
    });
    const width = mapped.columns.length;
    const total = (at: number) =>
      mapped.counts.subarray(at * width, (at + 1) * width).reduce((a, b) => a + b, 0);
    expect([...merged.labels.keys()].every((at) => total(at) === 10)).toBe(true);
  });

  it("have the probabilities of merged classes, which sum to 1 or 0", async () => {
    const { set: merged, ...images } = await runImages(set, { classGroups: GROUPS });
    // Angry, Disgust, Fear, Happy, Sad, Surprise, Neutral
    const row = [0.125, 0, 0.125, 0.25, 0, 0, 0.5];
    const values = Float32Array.from(
      [...set.labels.keys()].flatMap((at) => (at % 2 === 0 ? row : row.map(() => 0))),
    );
    const mapped = images.probabilities(values);
    merged.row.forEach((from, place) => {
      expect([...mapped.subarray(3 * place, 3 * place + 3)]).toEqual(
        from % 2 === 0 ? [0.5, 0.5, 0] : [0, 0, 0],
      );
    });
  });
});
