import { describe, expect, it } from "vitest";
import { VOTE_COLUMNS, type Votes } from "../set/ferplus.ts";
import { tinySet } from "../testing/image-set.ts";
import { judgeLabels, judgeNoFaces, precisionCurve } from "./judge.ts";

/** 400 images of Happy (label 0) and Sad (label 1); the last hundred are labelled wrongly. */
const count = 400;
const set = {
  ...tinySet(Array.from({ length: count }, (_, i) => [i % 2, 0, [i % 256, 0, 0, 0]] as const)),
  classes: ["Happy", "Sad"],
};
const votesOf = (i: number): number[] => {
  const label = i % 2;
  const winner = i >= 300 ? 1 - label : label;
  const column = winner === 0 ? "happiness" : "sadness";
  if (i % 20 === 0) return VOTE_COLUMNS.map((name) => (name === "NF" ? 10 : 0));
  return VOTE_COLUMNS.map((name) => (name === column ? 9 : name === "fear" ? 1 : 0));
};
const votes: Votes = {
  columns: VOTE_COLUMNS,
  counts: Uint8Array.from(Array.from({ length: count }, (_, i) => votesOf(i)).flat()),
  path: "votes.csv",
  sha256: "",
};
const perfect = Uint32Array.from({ length: count }, (_, i) => count - 1 - i);

describe("judgeLabels", () => {
  it("counts the images whose winner is another class, with and without those that have none", () => {
    const { base, first } = judgeLabels(set, votes, perfect);
    expect(first.map(({ images }) => images)).toEqual([100, 200]);
    expect(first[0]).toEqual({
      ...{ images: 100, judged: 95, contradicted: 95 },
      ...{ precision: 1, ofAll: 0.95 },
    });
    expect(first[1]!.precision).toBeCloseTo(0.5, 6);
    expect(base).toMatchObject({ images: 400, judged: 380, contradicted: 95, precision: 0.25 });
    const curve = precisionCurve(set, votes, perfect);
    expect(curve[0]).toEqual({ images: 50, precision: 1 });
    expect(curve.at(-1)!.precision).toBeCloseTo(0.25, 1);
  });
});

describe("judgeNoFaces", () => {
  it("compares the first 200 images with all", () => {
    const ranking = [...perfect].sort((a, b) => (a % 20 === 0 ? 0 : 1) - (b % 20 === 0 ? 0 : 1));
    expect(judgeNoFaces(votes, ranking)).toEqual({
      all: { images: 400, noFaces: 20 },
      first: { images: 200, noFaces: 20 },
      times: 2,
    });
  });
});
