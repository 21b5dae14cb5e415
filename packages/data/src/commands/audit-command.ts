import path from "node:path";
import {
  codeVersion,
  csvOption,
  defineCommand,
  FOLDERS,
  freshness,
  outOption,
  readJson,
  recordMadeFrom,
  shellQuote,
  writeFileAtomic,
  writeJson,
  type Terminal,
} from "@mien/cli";
import { toFolderName, type ImageSet } from "@mien/format";
import type { Audit } from "../audit/audit-labels.ts";
import type { AuditReport } from "../audit/audit-report.ts";
import {
  defaultProbabilities,
  identifyProbabilities,
  probabilitiesOption,
  readProbabilities,
  type OutOfFold,
} from "../audit/read-probabilities.ts";
import { ferplusOption, identifyVotes, loadVotes, type Votes } from "../set/ferplus.ts";
import { loadWithProgress, skipBadRowsOption } from "../set/load-with-progress.ts";

const PAGE = "index.html";
const SUSPECTS = "suspects.csv";
const REPORT = "audit.json";
const RECORD = "made-from.json";
const JUDGEMENT = { page: "judgement.html", plot: "judgement.png" } as const;

/** `data:audit`: finds images whose label is probably wrong, or that probably show no face. */
export const auditCommand = defineCommand({
  name: "audit",
  summary: "Find images that are probably mislabelled or no faces, and review them in a page",
  details:
    "Ranks the images by how suspicious their labels are, from the probabilities of models that were not trained on them (confident learning, Northcutt et al. 2021), and from the labels and probabilities of images with similar features. Ranks them also by how little they look like the other images. Needs the output of train:crossval.\n" +
    `Writes ${PAGE}, a page to decide about each image with the keyboard, which saves corrections.csv; ${SUSPECTS}, the images with suspicious labels; and ${REPORT}. The data set does not change.\n` +
    `With --judge, FER+ votes judge the result (${JUDGEMENT.page}, ${JUDGEMENT.plot}); the ranking itself never reads them.`,
  examples: [
    "npx nx run data:audit",
    "npx nx run data:audit --probabilities artifacts/crossval/fer2013 --judge",
  ],
  options: {
    probabilities: probabilitiesOption,
    csv: csvOption,
    all: {
      type: "boolean",
      description: "Also audit the images of the validation and the test split",
      group: "data",
    },
    judge: {
      type: "boolean",
      description: "Compare the result with FER+ votes, which the ranking itself never reads",
      group: "data",
    },
    ferplus: {
      ...ferplusOption,
      description: `${ferplusOption.description}; read only with --judge`,
    },
    labels: {
      type: "integer",
      description: "Images with suspicious labels in the page and in suspects.csv",
      unit: "images",
      group: "output",
      default: 1000,
      min: 1,
      max: 5000,
    },
    noFaces: {
      type: "integer",
      description: "Images in the page that may show no face",
      unit: "images",
      group: "output",
      default: 200,
      min: 0,
      max: 5000,
    },
    out: {
      ...outOption("Folder of the audit"),
      defaultText: `${FOLDERS.data}/<data set>/audit`,
    },
    skipBadRows: skipBadRowsOption,
  },
  run: async (values, { terminal, signal }) => {
    const { csv, skipBadRows, labels, noFaces, all } = values;
    const { identifyDataset } = await import("../set/load-dataset.ts");
    const { isAuditReport, printAudit, summariseAudit } = await import("../audit/audit-report.ts");
    const identity = await identifyDataset({ csv, signal, terminal });
    const { manifest, sha256 } = identity;
    const folder = values.out ?? path.join(FOLDERS.data, toFolderName(manifest.name), "audit");
    const [page, record] = [path.join(folder, PAGE), path.join(folder, RECORD)];
    const judged = values.judge
      ? await identifyVotes({ ferplus: values.ferplus, csv, signal })
      : undefined;
    const place = values.probabilities ?? defaultProbabilities(manifest.name);
    const probabilities = await identifyProbabilities(place);
    const settings = { labels, noFaces, all, skipBadRows };
    const inputs = { sha256, manifest, probabilities, votes: judged?.sha256 ?? null, ...settings };
    const code = await codeVersion([path.join(import.meta.dirname, "../audit")]);
    const next = () =>
      terminal.next(
        `npx nx run train:fit${csv === undefined ? "" : ` --csv ${shellQuote(csv)}`} --corrections corrections.csv`,
        `train with what you decide in ${PAGE}`,
      );
    terminal.say(`data  ${identity.path} (${manifest.name}, SHA-256 ${sha256.slice(0, 12)}…)`);
    if (judged !== undefined) terminal.say(`judged by ${judged.path}`);
    const isCurrent = (await freshness(record, inputs, code)) === "current";
    const known = isCurrent
      ? await readJson(path.join(folder, REPORT)).catch(() => undefined)
      : undefined;
    for (const warning of identity.warnings) terminal.warn(`warning: ${warning}`);
    if (isAuditReport(known)) {
      printAudit(terminal, known);
      terminal.say(`up to date: ${page}`);
      next();
      return { folder, upToDate: true, ...known };
    }

    const { set } = await loadWithProgress({ csv: identity.path, skipBadRows, signal }, terminal);
    const votes = judged && (await loadVotes({ ferplus: judged.path, csv, set, signal }));
    const outOfFold = await readProbabilities(place, { set, sha256 });
    const { auditedPositions } = await import("../audit/audit-labels.ts");
    const positions = auditedPositions(set, all);
    const audit = await auditWithProgress({ set, outOfFold, positions, signal }, terminal);
    const shown = {
      labels: Math.min(labels, audit.byLabel.length),
      noFaces: Math.min(noFaces, audit.byNoFace.length),
    };
    const judgement = votes && (await judge({ set, votes, audit, folder, name: manifest.name }));
    const report: AuditReport = {
      data: sha256,
      probabilities: outOfFold.sha256,
      hasFeatures: audit.neighbours !== undefined,
      ...summariseAudit(set, audit, shown),
      ...(judgement && { judgement }),
    };
    const { renderReview } = await import("../audit/review-page.ts");
    const { suspectsCsv } = await import("../audit/suspects-csv.ts");
    const html = renderReview(set, audit, { name: manifest.name, sha256, ...shown });
    await writeFileAtomic(page, html);
    await writeFileAtomic(path.join(folder, SUSPECTS), suspectsCsv(set, audit, shown.labels));
    await writeJson(path.join(folder, REPORT), report);
    const others = [SUSPECTS, REPORT, ...(judgement ? [JUDGEMENT.page, JUDGEMENT.plot] : [])];
    await recordMadeFrom(record, { inputs, code, outputs: [PAGE, ...others] });
    printAudit(terminal, report);
    terminal.wrote(page, `${shown.labels} suspicious labels and ${shown.noFaces} strange images`);
    for (const file of others) terminal.wrote(path.join(folder, file));
    next();
    return { folder, upToDate: false, ...report };
  },
});

async function auditWithProgress(
  given: {
    readonly set: ImageSet;
    readonly outOfFold: OutOfFold;
    readonly positions: Uint32Array;
    readonly signal: AbortSignal;
  },
  terminal: Terminal,
): Promise<Audit> {
  const { set, outOfFold, positions, signal } = given;
  const { auditLabels } = await import("../audit/audit-labels.ts");
  const progress = terminal.progress("comparing images", positions.length);
  try {
    const onProgress = (done: number) => progress.update(done);
    return await auditLabels(set, outOfFold, { positions, signal, onProgress });
  } finally {
    progress.stop();
  }
}

/** Judges an audit by votes, and writes the page and the plot of the judgement. */
async function judge(given: {
  readonly set: ImageSet;
  readonly votes: Votes;
  readonly audit: Audit;
  readonly folder: string;
  readonly name: string;
}) {
  const { set, votes, audit, folder, name } = given;
  const { judgeAudit } = await import("../audit/judge-audit.ts");
  const { drawJudgement, renderJudgement } = await import("../audit/judge-page.ts");
  const judged = judgeAudit({ set, votes, audit, name });
  await writeFileAtomic(path.join(folder, JUDGEMENT.page), renderJudgement(judged));
  await writeFileAtomic(path.join(folder, JUDGEMENT.plot), drawJudgement(judged));
  return { labels: judged.own, noFaces: judged.noFaces };
}
