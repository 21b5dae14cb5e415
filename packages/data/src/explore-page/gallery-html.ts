import { counted } from "@mien/cli";
import { imageAt, itemAt, USAGES, type ImageSet } from "@mien/format";
import { drawSpriteSheets, escapeHtml } from "@mien/plot";
import type { PicturePlace } from "./map-html.ts";
import type { Votes } from "../set/ferplus.ts";
import { rowPositions } from "../set/row-positions.ts";
import type { FindingKind, FoundGroup, FoundImages } from "../explore/galleries.ts";
import { describeVotes } from "../explore/vote-agreement.ts";

/** Largest number of groups in a gallery, of images in a group, and of single images in a gallery. */
const MAX_GROUPS = 36;
const MAX_IN_GROUP = 8;
const MAX_IMAGES = 60;
/** The galleries of conflicting labels may be longer, since each of them has to be decided on. */
const MAX_CONFLICTS = 80;
const MAX_SAMPLES = 12;
/** Groups or single images of a gallery that are shown before “Show more” is opened. */
const OPEN = { groups: 6, images: 14 };

/** The galleries of the page as HTML, with the CSS that holds their pictures. */
export interface Galleries {
  /** In the order of the findings; each with its heading, whose id is the kind of the finding. */
  readonly html: string;
  /** The titles of the galleries; a finding without images has none. */
  readonly titles: ReadonlyMap<FindingKind, string>;
  /** Images of each class, drawn at random. */
  readonly samples: string;
  /** The mean image of each class. */
  readonly means: string;
  /** Where the picture of an image is that a gallery shows or that was to be stored. */
  readonly pictureAt: (position: number) => PicturePlace;
  readonly css: string;
}

/** What the galleries show. */
interface GalleryContent {
  readonly found: readonly FoundImages[];
  readonly votes: Votes | undefined;
  /** [class], positions. */
  readonly samples: readonly (readonly number[])[];
  /** [class], pixels. */
  readonly means: readonly Uint8Array[];
  /** Positions of further images that the page stores, because it shows them elsewhere. */
  readonly alsoStored: readonly number[];
  /** File name of the CSV with all findings, relative to the page. */
  readonly csv: string;
}

/** Renders the galleries. An image that several galleries show is stored once. */
export function renderGalleries(set: ImageSet, content: GalleryContent): Galleries {
  const { height, width, channels } = set;
  const positionOf = rowPositions(set);
  const keyOf = (row: number) => {
    const position = positionOf(row) ?? 0;
    return `${set.usage[position]} ${set.labels[position]}`;
  };
  const found = content.found.map((finding) => shorten(finding, keyOf));
  const samples = content.samples.map((sample) => sample.slice(0, MAX_SAMPLES));
  const positions = [
    ...new Set([
      ...found.flatMap(({ groups }) =>
        groups.flatMap(({ rows }) => rows.map((row) => positionOf(row) ?? 0)),
      ),
      ...samples.flat(),
      ...content.alsoStored,
    ]),
  ];
  const placeOf = new Map(positions.map((position, place) => [position, place]));
  const sheets = drawSpriteSheets(
    [...positions.map((i) => imageAt(set, i)), ...content.means].map((pixels) => {
      return { pixels, height, width, channels };
    }),
  );
  const photo = (position: number, isConflict = false) => {
    const row = itemAt(set.row, position);
    const split = itemAt(USAGES, itemAt(set.usage, position));
    const label = itemAt(set.classes, itemAt(set.labels, position));
    const answers = content.votes === undefined ? "" : describeVotes(set, content.votes, position);
    const picture = sheets.html(placeOf.get(position) ?? 0, `row ${row}`);
    return `<figure class="photo">${picture}<figcaption><b${isConflict ? ' class="conflict"' : ""}>${escapeHtml(label)}</b> row ${row}<br>${split}${answers === "" ? "" : `<small>${escapeHtml(answers)}</small>`}</figcaption></figure>`;
  };
  const group = ({ rows, name, pairs, hidden }: ShownGroup) => {
    const positions = rows.map((row) => positionOf(row) ?? 0);
    const isConflict = new Set(positions.map((i) => set.labels[i])).size > 1;
    const photos = positions.map((position) => photo(position, isConflict)).join("");
    const notes = [name, describePairs(pairs), hidden > 0 ? `${hidden} more in the CSV` : ""];
    return `<div class="group">${photos}<p>${notes.filter((note) => note !== "").join(" · ")}</p></div>`;
  };
  const html = found.map(({ kind, title, text, groups, isGrouped, more }) => {
    const items = isGrouped
      ? groups.map(group)
      : (groups[0]?.rows ?? []).map((row) => photo(positionOf(row) ?? 0));
    const count = (n: number, adjective = "") =>
      counted(n, `${adjective}${isGrouped ? "group" : "image"}`);
    const open = isGrouped ? OPEN.groups : OPEN.images;
    const rest =
      items.length > open
        ? `<details class="more"><summary>Show ${count(items.length - open, "more ")}</summary><div class="gallery">${items.slice(open).join("\n")}</div></details>`
        : "";
    const note =
      more > 0
        ? `<p class="rest">… and ${count(more, "more ")} in <a href="${content.csv}">${content.csv}</a>, kind <code>${kind}</code>.</p>`
        : "";
    return `<h3 id="${kind}">${title} <span>${count(items.length + more)}</span></h3>
<p>${escapeHtml(text)}</p>
<div class="gallery">${items.slice(0, open).join("\n")}</div>${rest}${note}`;
  });
  return {
    css: sheets.css,
    pictureAt: (position) => sheets.at(placeOf.get(position) ?? 0),
    titles: new Map(found.map(({ kind, title }) => [kind, title])),
    html: html.join("\n"),
    samples: samples
      .map((sample, label) =>
        sample.length === 0
          ? ""
          : `<h3>${escapeHtml(itemAt(set.classes, label))}</h3><div class="gallery">${sample.map((position) => photo(position)).join("")}</div>`,
      )
      .join("\n"),
    means: `<div class="gallery">${content.means
      .map((_, label) => {
        const name = itemAt(set.classes, label);
        const picture = sheets.html(positions.length + label, `mean image of ${name}`);
        return `<figure class="photo">${picture}<figcaption><b>${escapeHtml(name)}</b></figcaption></figure>`;
      })
      .join("")}</div>`,
  };
}

interface ShownGroup extends FoundGroup {
  /** Number of its images that are not shown. */
  readonly hidden: number;
}

/** A finding with the groups that are shown. */
interface ShownFinding extends Omit<FoundImages, "groups"> {
  readonly groups: readonly ShownGroup[];
  /** Number of groups, or of single images, that are not shown. */
  readonly more: number;
}

/**
 * The first groups or images of a finding.
 *
 * @param keyOf split and label of a row. A group that is cut shows each of them that it has.
 */
function shorten(finding: FoundImages, keyOf: (row: number) => string): ShownFinding {
  const { groups, isGrouped, kind } = finding;
  const most = kind === "copy-with-other-label" ? MAX_CONFLICTS : MAX_GROUPS;
  const shown = groups.slice(0, most).map((group) => {
    const rows = isGrouped ? cut(group.rows, MAX_IN_GROUP, keyOf) : group.rows.slice(0, MAX_IMAGES);
    return { ...group, rows, hidden: group.rows.length - rows.length };
  });
  const more = isGrouped ? groups.length - shown.length : (shown[0]?.hidden ?? 0);
  return { ...finding, groups: shown, more };
}

/** At most `most` rows in their order, first of all one of each key. */
function cut(rows: readonly number[], most: number, keyOf: (row: number) => string): number[] {
  const keys = rows.map(keyOf);
  const isFirst = (i: number) => keys.indexOf(itemAt(keys, i)) === i;
  const places = [...rows.keys()];
  return [...places.filter(isFirst), ...places.filter((i) => !isFirst(i))]
    .slice(0, most)
    .sort((a, b) => a - b)
    .map((i) => itemAt(rows, i));
}

/** `similarity 0.981–0.994, mirrored` */
function describePairs(pairs: FoundGroup["pairs"]): string {
  if (pairs.length === 0) return "";
  const values = pairs.map(({ similarity }) => similarity);
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(3));
  const mirrored = pairs.filter((pair) => pair.mirrored).length;
  const note = mirrored === 0 ? "" : mirrored === pairs.length ? ", mirrored" : ", some mirrored";
  return `similarity ${low === high ? low : `${low}–${high}`}${note}`;
}
