/** What part of a listing differs from run to run, and is therefore not compared. */
const MASKS = {
  nothing: [],
  times: [/\d[\d,.]*(?= ?(?:s|ms|min|images\/s|a second)\b)/g, /\d[\d,.]*(?= ?×)/g],
  numbers: [/[-+]?\d[\d,.]*(?:e[-+]?\d+)?/g],
};

const COSTS = ["quick", "minutes", "long"];
const KEYS = ["cost", "varies", "needs", "in", "clear", "shorten", "command"];

/**
 * A printed text in a document, and how it is made again.
 *
 * @typedef {object} Listing
 * @property {string} name unique in all documents.
 * @property {"quick" | "minutes" | "long"} cost how long the commands take: under a minute, a few
 *   minutes, or longer; a long one is made again only by name.
 * @property {keyof typeof MASKS} varies what is not compared: `nothing`, `times` (numbers before a unit
 *   of time, a rate or "×"), or `numbers` (all of them).
 * @property {string[]} needs what must be there besides the clone: `fer2013`, `faces`, or a path.
 * @property {boolean} inClone whether the commands run in a new clone with an empty cache.
 * @property {string[]} clear folders below `artifacts/` that are set aside while the commands run, since
 *   a command that finds its finished output prints less.
 * @property {string | undefined} shorten how the lines begin of which only the first three and the last
 *   four are shown.
 * @property {string[]} commands as a reader would type them.
 * @property {string} text what stands between the fences, without the last line break.
 * @property {number} start where the text starts in the document.
 * @property {number} line the line of the opening fence, from 1.
 */

/**
 * The listings of a document: fenced blocks without a language, each behind a comment such as
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

/** What takes the place of a progress bar, now and then, where no terminal can draw one. */
const PROGRESS = /^[a-z]+(?: [A-Za-z]+)* \d+\/\d+(?: .*)?$/;

/**
 * A listing's text from what its commands print.
 *
 * @param {Listing} listing
 * @param {readonly string[]} outputs one of each command.
 * @returns {string} with `$ command` above each output where the present text has it so, and without
 *   the lines of progress that only a slow machine prints.
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
 * The lines in which two texts of a listing differ, by their stable parts.
 *
 * @param {Listing} listing its text is what the document shows.
 * @param {string} printed
 * @returns {string[]} `- ` before a line of the document, `+ ` before one that is printed today; empty
 *   if they agree.
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
 * A document with new texts of some listings.
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
