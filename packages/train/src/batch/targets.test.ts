import { VOTE_COLUMNS, type Votes } from "@mien/data";
import type { ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { logitAdjustment, makeTargets } from "./targets.ts";

const set: ImageSet = {
  height: 1,
  width: 1,
  channels: 1,
  classes: ["Angry", "Happy", "Neutral"],
  pixels: new Uint8Array(4),
  labels: Uint8Array.of(0, 1, 2, 0),
  usage: new Uint8Array(4),
  row: Uint32Array.of(0, 1, 2, 3),
};
/** The votes on an image, by column. */
const voteRow = (votes: Readonly<Record<string, number>>) =>
  VOTE_COLUMNS.map((column) => votes[column] ?? 0);
const votes: Votes = {
  columns: VOTE_COLUMNS,
  // Clear; a single vote for another class; no face; a tie of two classes.
  counts: Uint8Array.from(
    [
      voteRow({ neutral: 6, happiness: 4 }),
      voteRow({ neutral: 1, happiness: 9 }),
      voteRow({ neutral: 2, NF: 8 }),
      voteRow({ neutral: 5, happiness: 5 }),
    ].flat(),
  ),
  path: "votes.csv",
  sha256: "",
};
const plain = {
  voteShare: 0,
  voteHead: 0,
  labelSmoothing: 0,
  distillation: 0,
  teacherTemperature: 1,
};
const rows = (values: Float32Array) =>
  Array.from({ length: 4 }, (_, i) =>
    [...values.subarray(i * 3, i * 3 + 3)].map((value) => Number(value.toFixed(4))),
  );

describe("targets", () => {
  it("are the labels, of which smoothing spreads a share over all classes in training", () => {
    const { training, evaluation, labels } = makeTargets(
      set,
      { ...plain, labelSmoothing: 0.3 },
      {},
    );
    expect(rows(evaluation)[1]).toEqual([0, 1, 0]);
    expect(rows(training)[1]).toEqual([0.1, 0.8, 0.1]);
    expect([...labels]).toEqual([0, 1, 2, 0]);
  });

  it("name both ground truths only if they mix them: labels, and winners of the votes or −1", () => {
    const truthsFor = (voteShare: number) =>
      makeTargets(set, { ...plain, voteShare }, { votes }).truths;
    expect(truthsFor(0)).toBeUndefined();
    expect(truthsFor(1)).toBeUndefined();
    const { labels, votes: winners } = truthsFor(0.5)!;
    expect(Array.from(labels)).toEqual([0, 1, 2, 0]);
    expect(Array.from(winners)).toEqual([2, 1, -1, -1]);
  });

  it("are the votes without single votes; an image where no class has the most votes is unusable", () => {
    const { evaluation, labels, usable } = makeTargets(set, { ...plain, voteShare: 1 }, { votes });
    expect(rows(evaluation)).toEqual([
      [0, 0.4, 0.6],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0.5, 0.5],
    ]);
    expect([...usable]).toEqual([1, 1, 0, 1]);
    expect([labels[0], labels[1], labels[3]]).toEqual([2, 1, 1]);
  });

  it("mix both sources, and keep the label where there are no votes", () => {
    const { evaluation, usable } = makeTargets(set, { ...plain, voteShare: 0.5 }, { votes });
    expect(rows(evaluation)).toEqual([
      [0.5, 0.2, 0.3],
      [0, 1, 0],
      [0, 0, 1],
      [0.5, 0.25, 0.25],
    ]);
    expect([...usable]).toEqual([1, 1, 1, 1]);
  });

  it("include the teacher's probabilities in training where it has some, but not in evaluation", () => {
    const teacher = Float32Array.of(0.2, 0.2, 0.6, 0, 0, 0, 0, 0, 1, 1, 0, 0);
    const config = { ...plain, distillation: 0.5 };
    const { training, evaluation } = makeTargets(set, config, { teacher: { byLabels: teacher } });
    expect(rows(training).slice(0, 2)).toEqual([
      [0.6, 0.1, 0.3],
      [0, 1, 0],
    ]);
    expect(rows(evaluation)[0]).toEqual([1, 0, 0]);
  });

  it("with two heads are the labels beside the votes, or the label twice without votes", () => {
    const config = { ...plain, voteHead: 0.5 };
    const { training, evaluation, labels, usable, truths } = makeTargets(set, config, { votes });
    const width = 6;
    const row = (i: number) =>
      [...training.subarray(i * width, (i + 1) * width)].map((value) => Number(value.toFixed(4)));
    expect([0, 1, 2, 3].map(row)).toEqual([
      [1, 0, 0, 0, 0.4, 0.6],
      [0, 1, 0, 0, 1, 0],
      [0, 0, 1, 0, 0, 1],
      [1, 0, 0, 0, 0.5, 0.5],
    ]);
    expect(evaluation).toEqual(training);
    expect([...labels]).toEqual([0, 1, 2, 0]);
    expect([...usable]).toEqual([1, 1, 1, 1]);
    expect(Array.from(truths!.votes)).toEqual([2, 1, -1, -1]);
    expect(makeTargets(set, { ...config, voteShare: 1 }, { votes }).training).toEqual(training);
  });

  it("of each head include the teacher that learnt the same, and a mixture of both if the targets are one", () => {
    const byLabels = Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const byVotes = Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const config = { ...plain, voteHead: 1, distillation: 0.5 };
    const first = (teacher: { byLabels?: Float32Array; byVotes?: Float32Array }) =>
      [...makeTargets(set, config, { votes, teacher }).training.subarray(0, 6)].map((value) =>
        Number(value.toFixed(4)),
      );
    expect(first({ byLabels, byVotes })).toEqual([0.5, 0, 0.5, 0, 0.7, 0.3]);
    expect(first({ byLabels })).toEqual([0.5, 0, 0.5, 0, 0.4, 0.6]);
    const warm = { ...plain, distillation: 1, teacherTemperature: 2 };
    const uneven = { byLabels: Float32Array.of(0.64, 0.32, 0.04, 0, 0, 0, 0, 0, 0, 0, 0, 0) };
    expect(rows(makeTargets(set, warm, { teacher: uneven }).training)[0]).toEqual([
      0.511, 0.3613, 0.1277,
    ]);
    const mixed = { ...plain, voteShare: 0.5, distillation: 1 };
    const { training } = makeTargets(set, mixed, { votes, teacher: { byLabels, byVotes } });
    expect(rows(training)[0]).toEqual([0, 0.5, 0.5]);
  });

  it("are refused without a source that the configuration needs", () => {
    expect(() => makeTargets(set, { ...plain, voteShare: 0.5 }, {})).toThrow(/needs FER\+ votes/);
    expect(() => makeTargets(set, { ...plain, voteHead: 1 }, {})).toThrow(/needs FER\+ votes/);
    expect(() => makeTargets(set, { ...plain, distillation: 1 }, {})).toThrow(/needs a teacher/);
  });
});

describe("logit adjustment", () => {
  it("is the logarithm of the classes' frequency among the training images, times the strength", () => {
    const { training } = makeTargets(set, plain, {});
    const positions = Uint32Array.of(0, 1, 3);
    const found = logitAdjustment(training, positions, { classes: 3, strength: 2 });
    // Each count is increased by 1.
    const expected = [3 / 6, 2 / 6, 1 / 6].map((share) => 2 * Math.log(share));
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });
});
