import path from "node:path";
import { counted, defineCommand, shellQuote, writeFileAtomic } from "@mien/cli";
import { MienError } from "@mien/format";
import { expectedErrors } from "../people/expected-errors.ts";
import { peopleOption } from "../shared-options.ts";

const ACTIONS = {
  list: { takes: [], says: "Show who is enrolled" },
  delete: { takes: ["NAME"], says: "Delete a person, and their name in recorded results" },
  rename: { takes: ["OLD", "NEW"], says: "Rename a person" },
  merge: { takes: ["FROM", "INTO"], says: "Merge two entries of the same person into the second" },
  export: { takes: ["NAME"], says: "Export a person as a zip file" },
  prune: { takes: [], says: "Delete expired people, which every other action does first" },
} as const;

function isAction(word: string): word is keyof typeof ACTIONS {
  return Object.hasOwn(ACTIONS, word);
}

export const people = defineCommand({
  name: "people",
  summary: "List, delete, rename, merge and export enrolled people",
  details: `Actions:
${Object.entries(ACTIONS)
  .map(([name, { takes, says }]) => `  ${[name, ...takes].join(" ").padEnd(17)}${says}`)
  .join("\n")}`,
  examples: [
    "npx nx run app:people",
    "npx nx run app:people delete Ada",
    'npx nx run app:people rename Ada "Ada Lovelace"',
    "npx nx run app:people export Ada --out ada.zip",
  ],
  positional: {
    name: "ACTION",
    description: "Action and the names of people",
    defaultText: "list",
    list: true,
  },
  options: {
    people: peopleOption,
    results: {
      type: "string",
      placeholder: "DIR",
      default: "artifacts",
      description: "Folder of recorded results, from which names are deleted",
    },
    out: {
      type: "string",
      placeholder: "FILE",
      description: "Zip file of export",
      defaultText: "artifacts/exports/person.zip",
    },
  },
  async run(values, { terminal, positionals }) {
    const [action = "list", ...words] = positionals;
    if (!isAction(action)) {
      throw new MienError("usage", `unknown action "${action}"`, {
        advice: `Use one of ${Object.keys(ACTIONS).join(", ")}.`,
      });
    }
    const { takes } = ACTIONS[action];
    if (words.length !== takes.length) {
      throw new MienError(
        "usage",
        `people ${[action, ...takes].join(" ")} takes ${counted(takes.length, "name")}, found ${words.length}`,
        { advice: 'A name with spaces needs quotes: "Ada Lovelace".' },
      );
    }
    const { openPeople } = await import("../people/open-people.ts");
    const store = await openPeople({ folder: values.people, results: [values.results] }, terminal);
    try {
      const [first = "", second = ""] = words;
      if (action === "delete") {
        const { found, files, unanswered } = await store.delete(first);
        if (!found && files.length === 0) {
          throw new MienError("missing-file", `nobody called "${first}" is in ${values.people}`);
        }
        terminal.say(
          `deleted ${first}${found ? "" : " from results; nobody of this name was enrolled"}`,
        );
        for (const file of files) terminal.say(`changed ${file}`);
        for (const pid of unanswered) {
          terminal.warn(
            `process ${pid} has not confirmed that it forgot ${first}; end it if it hangs`,
          );
        }
      } else if (action === "rename") {
        await store.rename(first, second);
        terminal.say(`renamed ${first} to ${second}`);
      } else if (action === "merge") {
        await store.merge(first, second);
        terminal.say(`merged ${first} into ${second}`);
      } else if (action === "export") {
        const file = values.out ?? "artifacts/exports/person.zip";
        await store.export(first, (zip) => writeFileAtomic(file, zip, 0o600));
        terminal.wrote(path.normalize(file), `everything that is stored about ${first}`);
      } else if (action === "prune" && store.deleted.length === 0) {
        terminal.say("nobody has expired");
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
        terminal.say(expectedErrors(summary));
      }
      if (summary.people.length === 0) {
        terminal.next(
          "npx nx run app:acquire --name Ada --count 100",
          "enrols somebody who consents",
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
