import { readFileSync } from "node:fs";
import path from "node:path";
import { formatPercent } from "@mien/cli";
import { imageAt, itemAt, USAGES, type ImageSet } from "@mien/format";
import { drawSpriteSheets, escapeHtml, htmlPage } from "@mien/plot";
import type { Audit } from "./audit-labels.ts";

/** The program and the style of the page, which are beside the code of the package. */
const PAGE = path.join(import.meta.dirname, "../../page");
/** Similar images that are shown beside one. */
const SIMILAR = 4;

/** What the page is about. */
interface ReviewContent {
  /** Name of the data set. */
  readonly name: string;
  /** SHA-256 of the data set; the browser stores decisions under it. */
  readonly sha256: string;
  /** Number of images with suspicious labels, and of images that may show no face. */
  readonly labels: number;
  readonly noFaces: number;
}

/** An image of the page. */
interface ReviewItem {
  readonly kind: "label" | "no-face";
  readonly row: number;
  readonly split: string;
  /** Index of the class. */
  readonly label: number;
  /** [classes], rounded to three decimals. */
  readonly probabilities: readonly number[];
  /** A sentence. */
  readonly reason: string;
  /** Index of the picture. */
  readonly picture: number;
  readonly similar: readonly {
    readonly picture: number;
    readonly row: number;
    readonly label: number;
  }[];
}

/**
 * Renders the page on which a person decides about the suspicious images. It needs no network and
 * works from a file. An image that is suspicious in both ways is shown once.
 */
export function renderReview(set: ImageSet, audit: Audit, content: ReviewContent): string {
  const placeOf = new Map<number, number>();
  const place = (position: number) => {
    const known = placeOf.get(position) ?? placeOf.size;
    placeOf.set(position, known);
    return known;
  };
  const itemOf = (kind: ReviewItem["kind"], i: number, rank: number): ReviewItem => {
    const position = itemAt(audit.positions, i);
    return {
      kind,
      ...about(set, position),
      split: itemAt(USAGES, itemAt(set.usage, position)),
      probabilities: probabilitiesOf(set, audit, i),
      reason: kind === "label" ? labelReason(set, audit, i) : noFaceReason(audit, i, rank),
      picture: place(position),
      similar: similarTo(audit, i).map((other) => ({
        picture: place(other),
        ...about(set, other),
      })),
    };
  };
  const byLabel = [...audit.byLabel.subarray(0, content.labels)];
  const byNoFace = [...audit.byNoFace.subarray(0, content.noFaces)];
  const known = new Set(byLabel);
  const items = [
    ...byLabel.map((i, rank) => itemOf("label", i, rank)),
    ...byNoFace.flatMap((i, rank) => (known.has(i) ? [] : [itemOf("no-face", i, rank)])),
  ];
  const { height, width, channels } = set;
  const sheets = drawSpriteSheets(
    [...placeOf.keys()].map((position) => {
      return { pixels: imageAt(set, position), height, width, channels };
    }),
  );
  const pictures = Array.from({ length: placeOf.size }, (_, i) => sheets.html(i, ""));
  const { name, sha256 } = content;
  const data = JSON.stringify({ name, sha256, classes: set.classes, items, pictures });
  const style = readFileSync(path.join(PAGE, "review.css"), "utf8");
  const script = readFileSync(path.join(PAGE, "review.js"), "utf8");
  return htmlPage(
    `${name} · review of suspicious images`,
    body(name, data, script),
    `${style}${sheets.css}`,
  );
}

function about(set: ImageSet, position: number) {
  return { row: itemAt(set.row, position), label: itemAt(set.labels, position) };
}

function probabilitiesOf(set: ImageSet, { probabilities }: Audit, i: number): number[] {
  const { length } = set.classes;
  return Array.from(probabilities.subarray(i * length, (i + 1) * length), (value) =>
    Number(value.toFixed(3)),
  );
}

function similarTo({ neighbours, positions }: Audit, i: number): number[] {
  if (neighbours === undefined) return [];
  const { indices, k } = neighbours;
  return Array.from(indices.subarray(i * k, i * k + SIMILAR))
    .filter((other) => other >= 0)
    .map((other) => itemAt(positions, other));
}

function labelReason(set: ImageSet, { suspicion, neighbours, positions }: Audit, i: number) {
  const { length } = set.classes;
  const suggestion = itemAt(suspicion.suggestion, i);
  const belief = formatPercent(itemAt(suspicion.belief, i * length + suggestion), 0);
  const label = itemAt(set.labels, itemAt(positions, i));
  const own = formatPercent(itemAt(suspicion.belief, i * length + label), 0);
  const from = neighbours === undefined ? "The model" : "The model and the similar images";
  const verb = neighbours === undefined ? "gives" : "give";
  return `${from} ${verb} ${itemAt(set.classes, suggestion)} ${belief} and the label ${own}.`;
}

function noFaceReason({ strangeness }: Audit, i: number, rank: number): string {
  return itemAt(strangeness, i) === Infinity
    ? "The image is blank."
    : `This may be no face: of all images, it is the ${rank + 1}${ordinal(rank + 1)} least similar to the others.`;
}

function ordinal(number: number): string {
  if (number % 100 >= 11 && number % 100 <= 13) return "th";
  return ["th", "st", "nd", "rd"][number % 10] ?? "th";
}

const body = (name: string, data: string, script: string) => `<header>
<h1>${escapeHtml(name)}: suspicious images</h1>
<div class="tools">
<select id="filter" aria-label="Images to show">
<option value="all">all images</option><option value="open">not decided</option>
<option value="label">suspicious labels</option><option value="no-face">perhaps no face</option>
</select>
<label class="file">Load corrections<input type="file" id="load" accept=".csv,text/csv"></label>
<button type="button" id="save" class="primary">Save corrections</button>
</div>
</header>
<div class="meter"><progress id="progress" value="0" max="1" aria-label="Decided images"></progress><span id="count"></span></div>
<p id="stored" hidden><b>This browser does not keep the decisions. Save the corrections before you close the page.</b></p>
<p id="empty" hidden>No image to show. Choose another list above.</p>
<section id="card" class="card" aria-label="Image to decide on">
<div id="picture"></div>
<div>
<div class="head"><h2 id="label"></h2><span id="facts"></span><span id="place"></span><span id="decision"></span></div>
<p id="reason"></p>
<div id="classes" role="group" aria-label="Right class, with the probabilities of the model"></div>
<div class="acts">
<button type="button" id="keep"><kbd>K</kbd> keep</button>
<button type="button" id="drop"><kbd>D</kbd> drop</button>
<button type="button" id="undo"><kbd>U</kbd> undo</button>
<button type="button" id="back"><kbd>←</kbd> back</button>
<button type="button" id="skip"><kbd>S</kbd> skip</button>
</div>
<div class="note"><label for="note"><kbd>N</kbd> note</label><input type="text" id="note" maxlength="200"></div>
</div>
<div id="similar-part"><h3>Similar images</h3><div id="similar"></div></div>
</section>
<p id="status" role="status"></p>
<p class="hint">A key in front of a class gives the image this label. <kbd>K</kbd> says that the label is right; <kbd>D</kbd> leaves the image out; <kbd>Esc</kbd> leaves the note. This browser keeps the decisions; “Save corrections” writes them to a file for <code>train:fit --corrections</code>. The data set itself does not change.</p>
<script type="application/json" id="review">${data.replaceAll("<", "\\u003c")}</script>
<script type="module">${script.replaceAll("</script", "<\\/script")}</script>`;
