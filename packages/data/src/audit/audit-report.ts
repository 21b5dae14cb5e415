import type { Terminal } from "@mien/cli";
import { isRecord, itemAt, type ImageSet } from "@mien/format";
import type { Audit } from "./audit-labels.ts";
import { describeNoFaces, JUDGEMENT_HEAD, judgementRows } from "./judge-page.ts";
import type { LabelJudgement, NoFaceJudgement } from "./judge.ts";

/** Suspicious images that the terminal lists. */
const LISTED = 5;

/** The content of `audit.json`. Its keys are stable. */
export interface AuditReport {
  /** SHA-256 of the data set and of the file of probabilities. */
  readonly data: string;
  readonly probabilities: string;
  /** Whether similar images were compared. */
  readonly hasFeatures: boolean;
  /** Number of audited images. */
  readonly images: number;
  /** [label][class], number of images that confident learning counts to a class. */
  readonly confidentJoint: readonly (readonly number[])[];
  /** Number of images that confident learning counts to another class than their label. */
  readonly offDiagonal: number;
  readonly perClass: readonly {
    readonly class: string;
    readonly images: number;
    /** Mean probability of the class over its images. */
    readonly threshold: number;
    /** Estimated share of wrong labels, 0–1. */
    readonly noise: number;
    /** Number of its images among the suspicious ones. */
    readonly amongSuspects: number;
  }[];
  /** The most suspicious first. */
  readonly suspiciousLabels: readonly {
    readonly row: number;
    readonly label: string;
    readonly suggestion: string;
    /** 0–1. */
    readonly suspicion: number;
  }[];
  /** Rows of the images least like the others, the strangest first. */
  readonly noFaces: readonly number[];
  /** What the votes say; absent without --judge. */
  readonly judgement?: { readonly labels: LabelJudgement; readonly noFaces: NoFaceJudgement };
}

/** The figures of an audit. */
export function summariseAudit(
  set: ImageSet,
  audit: Audit,
  shown: { readonly labels: number; readonly noFaces: number },
): Omit<AuditReport, "data" | "probabilities" | "hasFeatures" | "judgement"> {
  const { positions, learning, suspicion } = audit;
  const { joint, noise, thresholds } = learning;
  const labelOf = (i: number) => itemAt(set.labels, itemAt(positions, i));
  const rowOf = (i: number) => itemAt(set.row, itemAt(positions, i));
  const suspects = [...audit.byLabel.subarray(0, shown.labels)];
  const all = [...positions.keys()];
  return {
    images: positions.length,
    confidentJoint: joint,
    offDiagonal: joint
      .flatMap((row, label) => row.filter((_, k) => k !== label))
      .reduce((sum, n) => sum + n, 0),
    perClass: set.classes.map((name, label) => ({
      class: name,
      images: all.filter((i) => labelOf(i) === label).length,
      threshold: itemAt(thresholds, label),
      noise: itemAt(noise, label),
      amongSuspects: suspects.filter((i) => labelOf(i) === label).length,
    })),
    suspiciousLabels: suspects.map((i) => ({
      row: rowOf(i),
      label: itemAt(set.classes, labelOf(i)),
      suggestion: itemAt(set.classes, itemAt(suspicion.suggestion, i)),
      suspicion: Number(itemAt(suspicion.score, i).toFixed(6)),
    })),
    noFaces: [...audit.byNoFace.subarray(0, shown.noFaces)].map(rowOf),
  };
}

/** Prints the figures of an audit, and what the votes say about it. */
export function printAudit(terminal: Terminal, report: AuditReport): void {
  const number = (value: number) => value.toLocaleString("en");
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { suspiciousLabels, judgement } = report;
  terminal.say(
    `${number(report.images)} images audited${report.hasFeatures ? "" : ", without features of similar images"}; confident learning counts ${number(report.offDiagonal)} of them to another class than their label`,
  );
  terminal.table(
    [
      ...["label", "images", "threshold", "estimated noise"],
      `among the ${number(suspiciousLabels.length)} most suspicious`,
    ],
    report.perClass.map((one) => [
      one.class,
      number(one.images),
      one.threshold.toFixed(3),
      percent(one.noise),
      number(one.amongSuspects),
    ]),
  );
  const first = suspiciousLabels.slice(0, LISTED);
  const listed = first.map(({ row, label, suggestion }) => `row ${row} ${label} → ${suggestion}`);
  terminal.say(`most suspicious: ${listed.join(", ")}`);
  if (judgement === undefined) return;
  const own = { name: "data:audit", judgement: judgement.labels, curve: [] };
  terminal.table(JUDGEMENT_HEAD, judgementRows([own]));
  terminal.say(describeNoFaces(judgement.noFaces));
}

/** Whether a value is a report that `printAudit` can print, and not a damaged file. */
export function isAuditReport(value: unknown): value is AuditReport {
  return (
    isRecord(value) &&
    typeof value["images"] === "number" &&
    typeof value["offDiagonal"] === "number" &&
    Array.isArray(value["perClass"]) &&
    Array.isArray(value["suspiciousLabels"])
  );
}
