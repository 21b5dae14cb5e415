import { itemAt, type ImageSet } from "@mien/format";
import type { Votes } from "../set/ferplus.ts";
import type { Audit } from "./audit-labels.ts";
import type { JudgedAudit, JudgedRanking } from "./judge-page.ts";
import { type LabelJudgement, judgeLabels, judgeNoFaces, precisionCurve } from "./judge.ts";

/** Judges the two rankings of an audit by votes. */
export function judgeAudit(given: {
  readonly set: ImageSet;
  readonly votes: Votes;
  readonly audit: Audit;
  /** Name of the data set. */
  readonly name: string;
}): JudgedAudit & { readonly own: LabelJudgement } {
  const { set, votes, audit, name } = given;
  const positionsOf = (ranking: Uint32Array) => ranking.map((i) => itemAt(audit.positions, i));
  const ranking = positionsOf(audit.byLabel);
  const own = judgeRanking(set, votes, { name: "data:audit", ranking });
  const noFaces = judgeNoFaces(votes, positionsOf(audit.byNoFace));
  return { name, own: own.judgement, rankings: [own], noFaces };
}

/** Judges one ranking of positions, the most suspicious label first. */
export function judgeRanking(
  set: ImageSet,
  votes: Votes,
  { name, ranking }: { readonly name: string; readonly ranking: ArrayLike<number> },
): JudgedRanking {
  return {
    name,
    judgement: judgeLabels(set, votes, ranking),
    curve: precisionCurve(set, votes, ranking),
  };
}
