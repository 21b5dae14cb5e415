import { MienError, messageOf, random } from "@mien/format";
import { convertLayersModel } from "../convert.ts";
import type { OnnxRuntime } from "../open-with.ts";
import { openWith } from "../open-with.ts";
import { isList, isObject } from "../read/json.ts";
import { readLayersModel } from "../read/layers-model.ts";
import type { Tf, TfModel } from "../testing/tf.ts";
import type { FoundModel } from "./find-models.ts";

/** Largest allowed max |a − b| / max |b| of an output; b is tfjs. */
export const TOLERANCE = 1e-5;
/** Size of image axes that a model leaves open. */
const OPEN_SIZE = 24;
const BATCH = 2;

/** What became of a model. */
export type Verdict =
  /** The converted file has the outputs of tfjs. */
  | { readonly is: "equal"; readonly difference: number }
  /** The converter has refused it, and the reason was confirmed. */
  | { readonly is: "refused"; readonly reason: string }
  /** The outputs differ, or the reason of the refusal could not be confirmed. */
  | { readonly is: "wrong"; readonly reason: string };

/** Whether a model says that it is a graph model. */
export function isGraphModel({ json }: FoundModel): boolean {
  return json["format"] === "graph-model";
}

/**
 * Converts a model and compares the outputs with those of tfjs for random inputs. If the converter
 * refuses the model, checks that the reason is true.
 */
export async function verifyModel(
  found: FoundModel,
  { tf, ort }: { readonly tf: Tf; readonly ort: OnnxRuntime },
): Promise<Verdict> {
  const json = new TextEncoder().encode(JSON.stringify(found.json));
  let model: TfModel | undefined;
  try {
    const source = await readLayersModel({ files: { ...found.files, "model.json": json } });
    model = await loadInTfjs(found, tf).catch((error: unknown) => {
      // The converter must refuse it for the same reason.
      const shapes = { inputShape: [OPEN_SIZE, OPEN_SIZE, 3] };
      convertLayersModel(source, shapes);
      throw error;
    });
    const shapes = model.inputs.map(({ shape }) => shape.slice(1).map((n) => n ?? OPEN_SIZE));
    const names = model.inputs.map(({ name }) => name);
    const [only] = shapes;
    // Names may differ from those in the file, which are needed only to tell several inputs apart.
    const inputShape =
      shapes.length === 1 && only !== undefined
        ? only
        : Object.fromEntries(names.map((name, i) => [name, shapes[i] ?? []]));
    const onnx = convertLayersModel(source, { inputShape });
    return await compare(model, { tf, ort, onnx, shapes });
  } catch (error) {
    if (!(error instanceof MienError)) return { is: "wrong", reason: messageOf(error) };
    const [reason = ""] = error.message.split("; supported are");
    return isTrue(error, found, tf) ? { is: "refused", reason } : { is: "wrong", reason };
  } finally {
    model?.dispose();
  }
}

function loadInTfjs({ json, files }: FoundModel, tf: Tf): Promise<TfModel> {
  const groups = Array.isArray(json["weightsManifest"]) ? json["weightsManifest"] : [];
  const entries = groups.filter(isObject);
  const paths = entries.flatMap((group) => listOf(group["paths"]).map(String));
  const bytes = Buffer.concat(paths.map((name) => files[name] ?? new Uint8Array()));
  const artifacts = {
    modelTopology: json["modelTopology"],
    weightSpecs: entries.flatMap((group) => listOf(group["weights"])),
    weightData: new Uint8Array(bytes).buffer,
  };
  return tf.loadLayersModel(tf.io.fromMemory(artifacts));
}

function listOf(value: unknown): readonly unknown[] {
  return isList(value) ? value : [];
}

async function compare(
  model: TfModel,
  how: {
    readonly tf: Tf;
    readonly ort: OnnxRuntime;
    readonly onnx: Uint8Array;
    readonly shapes: readonly (readonly number[])[];
  },
): Promise<Verdict> {
  const { tf, ort, onnx, shapes } = how;
  const stream = random(1, model.name);
  const inputs = shapes.map((sizes) => {
    const shape = [BATCH, ...sizes];
    const size = shape.reduce((product, n) => product * n, 1);
    return { shape, data: Float32Array.from({ length: size }, () => stream.between(0, 1)) };
  });
  const expected = tf.tidy(() => {
    const tensors = inputs.map(({ data, shape }) => tf.tensor(data, shape));
    return [model.predict(tensors)].flat().map((output) => ({
      shape: output.shape.join(),
      data: Float32Array.from(output.dataSync()),
    }));
  });
  const opened = await openWith(ort)(onnx);
  const answers = await opened.run(inputs);
  await opened.close();
  let difference = 0;
  for (const [i, { shape, data }] of expected.entries()) {
    const answer = answers[i];
    if (answer?.shape.join() !== shape) {
      return { is: "wrong", reason: `an output is [${answer?.shape.join()}], in tfjs [${shape}]` };
    }
    let [largest, apart] = [0, 0];
    data.forEach((value, j) => {
      largest = Math.max(largest, Math.abs(value));
      // A NaN must not pass as equal.
      const distance = Math.abs(value - (answer.data[j] ?? NaN));
      apart = Number.isNaN(distance) ? Infinity : Math.max(apart, distance);
    });
    difference = Math.max(difference, apart / Math.max(largest, 1e-30));
  }
  if (difference <= TOLERANCE) return { is: "equal", difference };
  return { is: "wrong", reason: `differs by ${difference.toExponential(1)} of the largest output` };
}

/** Whether the file and tfjs confirm the reason of a refusal. */
function isTrue(error: MienError, found: FoundModel, tf: Tf): boolean {
  if (/is a graph model/.test(error.message)) {
    const { modelTopology } = found.json;
    return isGraphModel(found) && isObject(modelTopology) && Array.isArray(modelTopology["node"]);
  }
  const [, layer] = /^layer \S+ \((\w+)\)/.exec(error.message) ?? [];
  if (layer === undefined) return false;
  const inFile = JSON.stringify(found.json["modelTopology"]).includes(`"class_name":"${layer}"`);
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const isCustom = /tfjs has no such layer/.test(error.message);
  return inFile && isCustom !== Object.hasOwn(classNameMap, layer);
}
