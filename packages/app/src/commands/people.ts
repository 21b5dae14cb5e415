import path from "node:path";
import { defineCommand, formatPercent, shellQuote, writeFileAtomic } from "@mien/cli";
import { MienError } from "@mien/format";

const ACTIONS = {
  list: { words: 0, says: "who is enrolled" },
  delete: { words: 1, says: "NAME, and everything about them, also in recorded results" },
  rename: { words: 2, says: "OLD NEW" },
  merge: { words: 2, says: "FROM INTO, when both are one person" },
  export: { words: 1, says: "NAME, as a zip file" },
  prune: { words: 0, says: "delete those whose time is over, as every action does first" },
} as const;

export const people = defineCommand({
  name: "people",
  summary: "lists, deletes, renames, merges and exports people who were enrolled",
  details: `Actions:
${Object.entries(ACTIONS)
  .map(([name, { says }]) => `  ${name.padEnd(8)}${says}`)
  .join("\n")}`,
  examples: [
    "npx nx run app:people",
    "npx nx run app:people delete Ada",
    'npx nx run app:people rename Ada "Ada Lovelace"',
    "npx nx run app:people export Ada --out ada.zip",
  ],
  positional: {
    name: "ACTION",
    description: "what to do, and with whom; default list",
    list: true,
  },
  options: {
    people: {
      type: "string",
      placeholder: "DIR",
      default: "artifacts/people",
      description: "folder of enrolled people",
    },
    results: {
      type: "string",
      placeholder: "DIR",
      default: "artifacts",
      description: "folder under which results are, to delete names from",
    },
    out: {
      type: "string",
      placeholder: "FILE",
      description: "where export writes to; default artifacts/exports/person.zip",
    },
  },
  async run(values, { terminal, positionals }) {
    const [action = "list", ...words] = positionals;
    if (!Object.hasOwn(ACTIONS, action)) {
      throw new MienError("usage", `"${action}" is no action`, {
        advice: `Use one of ${Object.keys(ACTIONS).join(", ")}.`,
      });
    }
    const expected = ACTIONS[action as keyof typeof ACTIONS];
    if (words.length !== expected.words) {
      throw new MienError(
        "usage",
        `people ${action} takes ${expected.words} name${expected.words === 1 ? "" : "s"} (${expected.says}), found ${words.length}`,
        { advice: 'A name with spaces needs quotes: "Ada Lovelace".' },
      );
    }
    const { openStore } = await import("../people/open-store.ts");
    const store = await openStore(values.people, { results: [values.results] });
    try {
      for (const { error } of store.damaged) terminal.warn(error.message);
      for (const name of store.forgotten) terminal.say(`deleted ${name}, whose time was over`);
      const [first = "", second = ""] = words;
      if (action === "delete") {
        const { found, files } = await store.delete(first);
        if (!found && files.length === 0) {
          throw new MienError("missing-file", `nobody called "${first}" is in ${values.people}`);
        }
        terminal.say(
          `deleted ${first}${found ? "" : " from results; nobody of that name was enrolled"}`,
        );
        for (const file of files) terminal.say(`changed ${file}`);
      } else if (action === "rename") {
        await store.rename(first, second);
        terminal.say(`${first} is ${second} now`);
      } else if (action === "merge") {
        await store.merge(first, second);
        terminal.say(`the pictures of ${first} are ${second}'s now`);
      } else if (action === "export") {
        const file = values.out ?? "artifacts/exports/person.zip";
        await writeFileAtomic(file, await store.export(first), 0o600);
        terminal.wrote(path.normalize(file), `everything that is stored of ${first}`);
      } else if (action === "prune" && store.forgotten.length === 0) {
        terminal.say("nobody's time is over");
      }
      const summary = await store.summary();
      if (summary.people.length === 0) terminal.say(`nobody is enrolled in ${values.people}`);
      else {
        terminal.table(
          ["name", "pictures", "enrolled", "kept until"],
          summary.people.map(({ name, pictures, enrolled, keepUntil }) => [
            name,
            pictures,
            enrolled.slice(0, 10),
            keepUntil?.slice(0, 10) ?? "no limit",
          ]),
        );
        const share = (rate: number | null) => (rate === null ? "unknown" : formatPercent(rate, 1));
        terminal.say(
          `expected: ${share(summary.falseAccept)} of strangers taken for one of them, ` +
            `${share(summary.falseReject)} of their own pictures turned away`,
        );
      }
      if (summary.people.length === 0) {
        terminal.next(
          "npx nx run app:acquire --name Ada --count 100",
          "enrols somebody who agrees",
        );
      } else {
        terminal.next(
          `npx nx run app:live --people ${shellQuote(values.people)}`,
          "shows their names live",
        );
      }
      return summary;
    } finally {
      await store.people.recogniser.close();
    }
  },
});
