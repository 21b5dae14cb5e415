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
/** Of neutral, happiness, anger, and no face. */
const voteRow = (neutral: number, happy: number, angry: number, noFace: number) =>
  VOTE_COLUMNS.map(
    (column) => ({ neutral, happiness: happy, anger: angry, NF: noFace })[column as "NF"] ?? 0,
  );
const votes: Votes = {
  columns: VOTE_COLUMNS,
  // Clear; one slip; no face; a tie of both.
  counts: Uint8Array.from(
    [voteRow(6, 4, 0, 0), voteRow(1, 9, 0, 0), voteRow(2, 0, 0, 8), voteRow(5, 5, 0, 0)].flat(),
  ),
  path: "votes.csv",
  sha256: "",
};
const plain = { voteShare: 0, labelSmoothing: 0, distillation: 0 };
const rows = (values: Float32Array) =>
  Array.from({ length: 4 }, (_, i) =>
    [...values.subarray(i * 3, i * 3 + 3)].map((value) => Number(value.toFixed(4))),
  );

describe("targets", () => {
  it("are the labels, and smoothing spreads a share of what is learned over all classes", () => {
    const { learned, truth, labels } = makeTargets(set, { ...plain, labelSmoothing: 0.3 }, {});
    expect(rows(truth)[1]).toEqual([0, 1, 0]);
    expect(rows(learned)[1]).toEqual([0.1, 0.8, 0.1]);
    expect([...labels]).toEqual([0, 1, 2, 0]);
  });

  it("are the votes without single slips, and of no use where no class has most of them", () => {
    const { truth, labels, usable } = makeTargets(set, { ...plain, voteShare: 1 }, { votes });
    expect(rows(truth)).toEqual([
      [0, 0.4, 0.6],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0.5, 0.5],
    ]);
    expect([...usable]).toEqual([1, 1, 0, 1]);
    expect([labels[0], labels[1], labels[3]]).toEqual([2, 1, 1]);
  });

  it("blend both sources, and keep the label where there are no votes", () => {
    const { truth, usable } = makeTargets(set, { ...plain, voteShare: 0.5 }, { votes });
    expect(rows(truth)).toEqual([
      [0.5, 0.2, 0.3],
      [0, 1, 0],
      [0, 0, 1],
      [0.5, 0.25, 0.25],
    ]);
    expect([...usable]).toEqual([1, 1, 1, 1]);
  });

  it("take a teacher's share where it has an answer, and are not judged by it", () => {
    const teacher = Float32Array.of(0.2, 0.2, 0.6, 0, 0, 0, 0, 0, 1, 1, 0, 0);
    const config = { ...plain, distillation: 0.5 };
    const { learned, truth } = makeTargets(set, config, { teacher });
    expect(rows(learned).slice(0, 2)).toEqual([
      [0.6, 0.1, 0.3],
      [0, 1, 0],
    ]);
    expect(rows(truth)[0]).toEqual([1, 0, 0]);
  });

  it("are refused without the source that the configuration asks for", () => {
    expect(() => makeTargets(set, { ...plain, voteShare: 0.5 }, {})).toThrow(/needs FER\+ votes/);
    expect(() => makeTargets(set, { ...plain, distillation: 1 }, {})).toThrow(/needs a teacher/);
  });
});

describe("logit adjustment", () => {
  it("is the logarithm of the classes' frequency among the training images, times the strength", () => {
    const { learned } = makeTargets(set, plain, {});
    const positions = Uint32Array.of(0, 1, 3);
    const found = logitAdjustment(learned, positions, { classes: 3, strength: 2 });
    // With one imagined image of each class.
    const expected = [3 / 6, 2 / 6, 1 / 6].map((share) => 2 * Math.log(share));
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });
});
