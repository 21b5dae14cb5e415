import path from "node:path";
import {
  defineCommand,
  findRun,
  FOLDERS,
  outOption,
  readJson,
  type CommandContext,
} from "@mien/cli";
import { MienError } from "@mien/format";
import { releaseModel, rewriteCards, type VerifiedFile } from "../model-card/release.ts";

export const cardCommand = defineCommand({
  name: "card",
  summary: "release a verified model: copy it, write its model card and the index",
  details:
    "Copies the files that `export:verify RUN --json FILE` has verified, puts the run's figures into\n" +
    "index.json, names the default there, and writes the cards of all released models anew, as each\n" +
    "shows the others. Without NAME it only writes index and cards anew.\n" +
    "`npm run release` does all of it, from training on.",
  examples: [
    "npx nx run train:card",
    "npx nx run train:card fer2013 --run fer2013-release --verification verify.json",
  ],
  positional: { name: "NAME", description: "what the model is called" },
  options: {
    run: { type: "string", placeholder: "RUN", description: "run folder, or its name" },
    verification: {
      type: "string",
      placeholder: "FILE,FILE",
      description: "what export:verify wrote with --json, once or for each precision",
    },
    description: {
      type: "string",
      description: "one sentence for the card; by default that of an earlier model of this name",
    },
    reproducedBy: {
      type: "string",
      placeholder: "COMMAND",
      description: "the command that makes the model again, for the card",
    },
    out: { ...outOption("folder of the released models"), default: FOLDERS.release },
  },
  async run(values, { terminal, positionals }) {
    const { out } = values;
    const [name] = positionals;
    if (name === undefined && (values.run ?? values.verification) !== undefined) {
      throw new MienError("usage", "a release needs a name: train:card NAME --run RUN …");
    }
    const released =
      name === undefined ? await rewriteCards(out) : await release(name, values, terminal);
    for (const file of released.written) terminal.wrote(file);
    terminal.say(`the default model is ${released.default}`);
    terminal.next("npx nx run app:analyze --source photo.jpg", "try the default model");
    return { folder: out, ...released };
  },
});

async function release(
  name: string,
  values: {
    readonly run: string | undefined;
    readonly verification: string | undefined;
    readonly description: string | undefined;
    readonly reproducedBy: string | undefined;
    readonly out: string;
  },
  terminal: CommandContext["terminal"],
) {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    throw new MienError(
      "usage",
      `a model's name is small letters, digits and dashes, not "${name}"`,
    );
  }
  if (values.verification === undefined) {
    throw new MienError("usage", "--verification FILE is missing", {
      advice:
        "Make it with `npx nx run export:verify RUN --json FILE`; `npm run release` does all.",
    });
  }
  const run = await findRun(values.run);
  terminal.say(`run ${run}`);
  const { description, out } = values;
  const command = values.reproducedBy ?? `npm run release -- --only ${name}`;
  const verified = await Promise.all(values.verification.split(",").map(readVerified));
  const other = verified.find(
    (verification) => path.resolve(verification.run) !== path.resolve(run),
  );
  if (other !== undefined) {
    throw new MienError("mismatch", `${run} is to be released, but ${other.run} was verified`);
  }
  const files = verified.flatMap((verification) => verification.files);
  return releaseModel(out, { name, run, files, description, command });
}

/** What `export:verify` writes about each model, as far as it is needed here. */
interface Verified {
  readonly precision: string;
  readonly file: string;
  readonly sha256: string;
  readonly latencyMs: number;
  readonly validation: { readonly accuracy: { readonly onnx: number | null } };
}

/** The files that a verification found to be right. */
async function readVerified(file: string): Promise<{ run: string; files: VerifiedFile[] }> {
  const content = (await readJson(file)) as { run: string; models?: Verified[] } | null;
  const isWhole = ({ validation, file, sha256 }: Partial<Verified>) =>
    validation?.accuracy !== undefined && file !== undefined && sha256 !== undefined;
  if (!content?.models?.every(isWhole)) {
    throw new MienError("bad-data", `${file} is not the result of export:verify`);
  }
  const files = content.models.map(({ precision, file, sha256, latencyMs, validation }) => {
    return { precision, file, sha256, latencyMs, accuracy: validation.accuracy.onnx };
  });
  return { run: content.run, files };
}
