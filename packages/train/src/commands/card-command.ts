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
import { z } from "zod";
import { releaseModel, rewriteCards, type VerifiedFile } from "../release/release-model.ts";

export const cardCommand = defineCommand({
  name: "card",
  summary: "Release a verified model: copy it, write its model card and the index",
  details:
    "Copies the model files that `export:verify RUN --json FILE` has verified, records the figures of the run in index.json, sets the default model there, and rewrites the cards of all released models, because each card lists the others. " +
    "Without NAME, rewrites only the index and the cards.\n" +
    "To train, export, verify and release in one go, use `npm run release`.",
  examples: [
    "npx nx run train:card",
    "npx nx run train:card fer2013 --run fer2013-release --verification verify.json",
  ],
  positional: { name: "NAME", description: "Name of the released model" },
  options: {
    run: {
      type: "string",
      placeholder: "RUN",
      description: "Run to release: its name or folder; needed with NAME",
    },
    verification: {
      type: "string",
      placeholder: "FILE,FILE",
      description: "Results of export:verify --json, one file for each precision; needed with NAME",
    },
    description: {
      type: "string",
      description: "One sentence about the model for its card",
      defaultText: "the present description of the released model",
    },
    reproducedBy: {
      type: "string",
      placeholder: "COMMAND",
      description: "Command that reproduces the model, for its card",
    },
    otherSeeds: {
      type: "string",
      placeholder: "RUN,RUN",
      description: "Runs that differ from RUN only in the seed, to show their spread in the card",
      defaultText: "those of the released model",
    },
    out: { ...outOption("Folder of the released models"), default: FOLDERS.release },
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
    readonly otherSeeds: string | undefined;
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
        "Make it with `npx nx run export:verify RUN --json FILE`; `npm run release` does all of this.",
    });
  }
  const run = await findRun(values.run);
  terminal.say(`run ${run}`);
  const { description, out } = values;
  const command = values.reproducedBy ?? `npm run release -- --only ${name}`;
  const verified = await Promise.all(values.verification.split(",").map(readVerified));
  const other = verified.find((one) => path.resolve(one.run) !== path.resolve(run));
  if (other !== undefined) {
    throw new MienError("mismatch", `${run} is to be released, but ${other.run} was verified`);
  }
  const files = verified.flatMap((one) => one.files);
  const others = values.otherSeeds?.split(",") ?? [];
  const otherSeeds = await Promise.all(others.map((other) => findRun(other)));
  return releaseModel(out, { name, run, files, description, command, otherSeeds });
}

/** The fields of the result of `export:verify` that a release needs. */
const verification = z.object({
  run: z.string(),
  models: z.array(
    z.object({
      precision: z.string(),
      file: z.string(),
      sha256: z.string(),
      latencyMs: z.number(),
      validation: z.object({ accuracy: z.object({ onnx: z.number().nullable() }) }),
    }),
  ),
});

/** Reads the run and the verified files from the result of `export:verify`. */
async function readVerified(file: string): Promise<{ run: string; files: VerifiedFile[] }> {
  const { data } = verification.safeParse(await readJson(file));
  if (data === undefined) {
    throw new MienError("bad-data", `${file} is not the result of export:verify`);
  }
  const files = data.models.map(({ precision, file, sha256, latencyMs, validation }) => {
    return { precision, file, sha256, latencyMs, accuracy: validation.accuracy.onnx };
  });
  return { run: data.run, files };
}
