import path from "node:path";
import { openJsonProcess, peerPython } from "@mien/bench";
import { csvOption, defineCommand, FOLDERS, outOption, writeFileAtomic } from "@mien/cli";
import { isRecord, itemAt, toFolderName } from "@mien/format";
import {
  defaultProbabilities,
  probabilitiesOption,
  readProbabilities,
} from "../audit/read-probabilities.ts";
import { ferplusOption } from "../set/ferplus.ts";
import { loadWithProgress } from "../set/load-with-progress.ts";
import type { Audit } from "../audit/audit-labels.ts";

/** The peer, pinned. */
const CLEANLAB = ["cleanlab==2.9.0"];
const SCRIPT = path.join(import.meta.dirname, "../../python/cleanlab_rank.py");
const FILES = { page: "benchmark-audit.html", plot: "benchmark-audit.png" } as const;
/** The length of a list at which the rankings are compared, and the least precision there. */
const LIMIT = { images: 1000, precision: 0.75 } as const;

/** `data:benchmark-audit`: compares the ranking of the audit with cleanlab's by FER+ votes. */
export const benchmarkAuditCommand = defineCommand({
  name: "benchmark-audit",
  summary: "Compare the ranking of suspicious labels with cleanlab's, judged by FER+ votes",
  details:
    "Audits the training split as data:audit does, and ranks the same images by all methods of cleanlab (PyPI, installed once into the cache folder) from the same probabilities. FER+ votes, which no ranking reads, judge all of them.\n" +
    `Writes ${FILES.page} and ${FILES.plot}.`,
  examples: [
    "npx nx run data:benchmark-audit",
    "npx nx run data:benchmark-audit --probabilities artifacts/crossval/fer2013 --json /tmp/audit.json",
  ],
  options: {
    probabilities: probabilitiesOption,
    csv: csvOption,
    ferplus: ferplusOption,
    out: {
      ...outOption("Folder of the page and the plot"),
      defaultText: `${FOLDERS.data}/<data set>/audit`,
    },
  },
  run: async ({ probabilities, csv, ferplus, out }, { terminal, signal }) => {
    const { loadVotes } = await import("../set/ferplus.ts");
    const { auditedPositions, auditLabels } = await import("../audit/audit-labels.ts");
    const { judgeAudit, judgeRanking } = await import("../audit/judge-audit.ts");
    const { describeNoFaces, drawJudgement, JUDGEMENT_HEAD, judgementRows, renderJudgement } =
      await import("../audit/judge-page.ts");
    const { set, manifest, sha256 } = await loadWithProgress({ csv, signal }, terminal);
    const place = probabilities ?? defaultProbabilities(manifest.name);
    const votes = await loadVotes({ ferplus, csv, set, signal });
    const outOfFold = await readProbabilities(place, { set, sha256 });
    const python = await peerPython(CLEANLAB, { terminal, signal });
    const positions = auditedPositions(set, false);
    const progress = terminal.progress("comparing images", positions.length);
    const audit = await auditLabels(set, outOfFold, {
      positions,
      signal,
      onProgress: (done) => progress.update(done),
    }).finally(() => progress.stop());
    const labels = Array.from(audit.positions, (position) => itemAt(set.labels, position));
    const cleanlab = await rankWithCleanlab(python, { audit, labels, signal });
    const own = judgeAudit({ set, votes, audit, name: manifest.name });
    const peers = Object.entries(cleanlab.rankings).map(([name, order]) =>
      judgeRanking(set, votes, {
        name: `cleanlab ${name}`,
        ranking: order.map((i) => itemAt(audit.positions, i)),
      }),
    );
    const judged = { ...own, rankings: [...own.rankings, ...peers] };
    const folder = out ?? path.join(FOLDERS.data, toFolderName(manifest.name), "audit");
    await writeFileAtomic(path.join(folder, FILES.page), renderJudgement(judged));
    await writeFileAtomic(path.join(folder, FILES.plot), drawJudgement(judged));

    terminal.say(`cleanlab ${cleanlab.version}, ${labels.length.toLocaleString("en")} images`);
    terminal.table(JUDGEMENT_HEAD, judgementRows(judged.rankings));
    terminal.say(describeNoFaces(own.noFaces));
    const at = judged.rankings.map(
      ({ judgement }) =>
        judgement.first.find(({ images }) => images === LIMIT.images)?.precision ?? 0,
    );
    const [mine = 0, ...others] = at;
    const best = Math.max(0, ...others);
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    const mark = (isKept: boolean) => (isKept ? "✓" : "✗");
    terminal.say(
      `${mark(mine >= LIMIT.precision)} of the ${LIMIT.images.toLocaleString("en")} most suspicious images, the votes contradict ${percent(mine)} (limit ${percent(LIMIT.precision)})`,
    );
    terminal.say(`${mark(mine > best)} the best ranking of cleanlab has ${percent(best)}`);
    for (const file of Object.values(FILES)) terminal.wrote(path.join(folder, file));
    return { version: cleanlab.version, limit: LIMIT, ...judged };
  },
});

/** Asks cleanlab for its rankings: indices into the audited images, the most suspicious first. */
async function rankWithCleanlab(
  python: string,
  given: {
    readonly audit: Audit;
    readonly labels: readonly number[];
    readonly signal: AbortSignal;
  },
) {
  const { audit, labels, signal } = given;
  const classes = audit.probabilities.length / labels.length;
  const probabilities = labels.map((_, i) => [
    ...audit.probabilities.subarray(i * classes, (i + 1) * classes),
  ]);
  const peer = openJsonProcess(python, { name: "cleanlab", args: ["-I", SCRIPT], signal });
  try {
    return await peer.ask({ labels, probabilities }, { parse: parseAnswer });
  } finally {
    await peer.close();
  }
}

interface Answer {
  readonly version: string;
  readonly rankings: Readonly<Record<string, readonly number[]>>;
}

function parseAnswer(answer: unknown): Answer {
  if (
    isRecord(answer) &&
    typeof answer["version"] === "string" &&
    isRecord(answer["rankings"]) &&
    Object.values(answer["rankings"]).every(Array.isArray)
  ) {
    return { version: answer["version"], rankings: answer["rankings"] as Answer["rankings"] };
  }
  throw new Error("expected a version and rankings");
}
