// The sections of CHANGELOG.md.

const TITLES = { major: "Changes that need changes of yours", minor: "New", patch: "Corrected" };

const HEAD = `# Changes

All packages have the same version. A new section is made from the files in \`.changeset/\`: [how to publish](docs/publishing.md).
`;

/**
 * @typedef {"major" | "minor" | "patch"} Kind
 * @typedef {{ summary: string, releases: { type: Kind | "none" }[] }} Changeset
 */

/**
 * The section of a version: its changes, those that matter most first.
 *
 * @param {{ version: string, date: string, changesets: Changeset[] }} release
 * @returns {string} Markdown.
 */
export function changelogSection({ version, date, changesets }) {
  const parts = [`## ${version} (${date})\n`];
  for (const [kind, title] of Object.entries(TITLES)) {
    const items = changesets.filter((changeset) => kindOf(changeset) === kind);
    if (items.length === 0) continue;
    const lines = items.map(({ summary }) => `- ${summary.trim().replaceAll("\n", "\n  ")}`);
    parts.push(`### ${title}\n`, `${lines.join("\n")}\n`);
  }
  return parts.join("\n");
}

/**
 * @param {string} changelog the file until now; empty if there is none.
 * @param {string} section the new section, which becomes the first.
 * @returns {string}
 */
export function insertSection(changelog, section) {
  const [head = "", ...sections] = (changelog || HEAD).split(/^(?=## )/m);
  return (
    [`${head.trimEnd()}\n`, section, ...sections].map((part) => part.trimEnd()).join("\n\n") + "\n"
  );
}

/** @param {Changeset} changeset @returns {string} the largest of its kinds. */
function kindOf({ releases }) {
  const kinds = releases.map(({ type }) => type);
  return Object.keys(TITLES).find((kind) => kinds.some((found) => found === kind)) ?? "none";
}
