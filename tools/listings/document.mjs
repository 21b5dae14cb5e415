/** The parts of a listing that differ from run to run and are therefore not compared. */
const MASKS = {
  nothing: [],
  times: [/\d[\d,.]*(?= ?(?:s|ms|min|images\/s|a second)\b)/g, /\d[\d,.]*(?= ?×)/g],
  numbers: [/[-+]?\d[\d,.]*(?:e[-+]?\d+)?/g],
};

const COSTS = ["quick", "minutes", "long"];
const KEYS = ["cost", "varies", "needs", "in", "clear", "shorten", "command"];

/**
 * The output of commands in a document, with the fields of the comment above it.
 *
 * @typedef {object} Listing
 * @property {string} name unique in all documents.
 * @property {"quick" | "minutes" | "long"} cost time of the commands: under a minute, a few minutes, or
 *   longer. A listing with the cost `long` is updated only if it is named.
 * @property {keyof typeof MASKS} varies what is not compared: `nothing`, `times` (numbers before a unit
 *   of time, a rate or "×"), or `numbers` (all numbers).
 * @property {string[]} needs data that are not in a fresh clone: `fer2013`, `faces`, or a path.
 * @property {boolean} inClone whether the commands run in a new clone with an empty cache.
 * @property {string[]} clear folders below `artifacts/` that are renamed while the commands run, because
 *   a command prints less if its output exists already.
 * @property {string | undefined} shorten the beginning of the lines of which only the first three and the
 *   last four are shown.
 * @property {string[]} commands as a reader types them.
 * @property {string} text the lines between the fences, without the last line break.
 * @property {number} start where the text starts in the document.
 * @property {number} line the line of the opening fence, from 1.
 */

/**
 * Finds the listings of a document: fenced blocks without a language, each after a comment such as
 * `<!-- listing explore; cost: quick; varies: nothing; needs: fer2013; command: npx nx run data:explore -->`.
 * Several commands are separated by `&&`.
 *
 * @param {string} document Markdown.
 * @returns {Listing[]}
 * @throws {Error} if a block has neither a language nor a comment, or if a comment cannot be read.
 */
export function findListings(document) {
  const listings = [];
  const blocks = /(?:<!-- listing ([^>]*(?:>(?<!-->)[^>]*)*?) -->\n+)?^```([^\n]*)\n([^]*?)^```$/gm;
  for (const match of document.matchAll(blocks)) {
    const [whole, comment, language, body = ""] = match;
    const fence = match.index + whole.lastIndexOf("```" + language + "\n" + body);
    const line = document.slice(0, fence).split("\n").length;
    if (comment === undefined) {
      if (language !== "") continue;
      throw new Error(
        `line ${line}: a block without a language is a listing, and needs a comment before it that names its command; for other text write \`\`\`text`,
      );
    }
    try {
      const start = fence + 4 + (language ?? "").length;
      listings.push({ ...readComment(comment), text: body.replace(/\n$/, ""), start, line });
    } catch (error) {
      throw new Error(`line ${line}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
  return listings;
}

/** @param {string} comment without its brackets and the word `listing`. */
function readComment(comment) {
  const [name = "", ...settings] = comment.split(/;\s+/);
  /** @type {Record<string, string>} */
  const values = {};
  for (const setting of settings) {
    const colon = setting.indexOf(": ");
    const key = setting.slice(0, colon);
    if (!KEYS.includes(key)) throw new Error(`"${setting}" is none of ${KEYS.join(", ")}`);
    values[key] = setting.slice(colon + 2).trim();
  }
  const { cost = "", varies = "", needs, clear, shorten, command } = values;
  if (!COSTS.includes(cost)) throw new Error(`cost "${cost}" is none of ${COSTS.join(", ")}`);
  if (!(varies in MASKS))
    throw new Error(`varies "${varies}" is none of ${Object.keys(MASKS).join(", ")}`);
  if (command === undefined) throw new Error("no command is named");
  const cleared = clear?.split(/,\s*/) ?? [];
  if (cleared.some((folder) => !folder.startsWith("artifacts/") || folder.includes("..")))
    throw new Error(`clear "${clear}" is not below artifacts/`);
  return {
    name,
    cost: /** @type {Listing["cost"]} */ (cost),
    varies: /** @type {Listing["varies"]} */ (varies),
    needs: needs?.split(/,\s*/) ?? [],
    inClone: values.in === "clone",
    clear: cleared,
    shorten,
    commands: command.split(" && "),
  };
}

/** A line of progress, which commands print if the output is no terminal. */
const PROGRESS = /^[a-z]+(?: [A-Za-z]+)* \d+\/\d+(?:,? .*)?$/;
/** A line of progress within a step that is counted itself: `epoch 1/40 11712/28672, …`. */
const PROGRESS_WITHIN = /^[a-z]+ +\d+\/\d+ \d+\/\d+/;

/**
 * Makes the text of a listing from the output of its commands.
 *
 * @param {Listing} listing
 * @param {readonly string[]} outputs the output of each command.
 * @returns {string} the text without lines of progress. If the present text of the listing begins with
 *   `$ `, the line `$ command` is above each output.
 */
export function listingText(listing, outputs) {
  const prompt = listing.text.startsWith("$ ");
  const isShortened = (/** @type {string} */ line) =>
    listing.shorten !== undefined && line.startsWith(listing.shorten);
  return outputs
    .map((output, index) => {
      const lines = shortened(
        output
          .trimEnd()
          .split("\n")
          .map((line) => line.trimEnd())
          .filter((line) => !PROGRESS_WITHIN.test(line))
          .filter((line) => !PROGRESS.test(line) || isShortened(line)),
        listing.shorten,
      );
      return [...(prompt ? [`$ ${listing.commands[index]}`] : []), ...lines].join("\n");
    })
    .join("\n\n");
}

/** @param {string[]} lines @param {string | undefined} beginning */
function shortened(lines, beginning) {
  if (beginning === undefined) return lines;
  const places = lines.flatMap((line, at) => (line.trimStart().startsWith(beginning) ? [at] : []));
  const dropped = new Set(places.slice(3, -4));
  return lines.flatMap((line, at) => (!dropped.has(at) ? [line] : at === places[3] ? ["…"] : []));
}

/**
 * Finds the lines in which the text in the document and a new text differ, ignoring the parts that vary.
 *
 * @param {Listing} listing with the text in the document.
 * @param {string} printed the new text.
 * @returns {string[]} lines of the document after `- `, and lines of the new text after `+ `; empty if
 *   the texts agree.
 */
export function differences(listing, printed) {
  /** @param {string} line */
  const stable = (line) =>
    MASKS[listing.varies]
      .reduce((text, mask) => text.replaceAll(mask, "N"), line)
      // Columns are as wide as their longest number.
      .replace(/\s+/g, " ")
      .trim();
  const shown = listing.text.split("\n");
  const now = printed.split("\n");
  const missing = (/** @type {string[]} */ lines, /** @type {string[]} */ from) => {
    const others = from.map(stable);
    return lines.filter((line) => {
      const at = others.indexOf(stable(line));
      if (at !== -1) others.splice(at, 1);
      return at === -1;
    });
  };
  const changed = [
    ...missing(shown, now).map((line) => `- ${line}`),
    ...missing(now, shown).map((line) => `+ ${line}`),
  ];
  if (changed.length > 0 || shown.map(stable).join("\n") === now.map(stable).join("\n")) {
    return changed;
  }
  return ["(the same lines in another order)"];
}

/**
 * Replaces the texts of some listings in a document.
 *
 * @param {string} document
 * @param {ReadonlyMap<Listing, string>} texts listings of `findListings` of this document.
 */
export function replaceListings(document, texts) {
  let result = document;
  for (const [{ start, text }, printed] of [...texts].sort(([a], [b]) => b.start - a.start)) {
    result = result.slice(0, start) + printed + result.slice(start + text.length);
  }
  return result;
}
