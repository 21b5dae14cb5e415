import path from "node:path";
import { type Contender, openKeras, processContender } from "@mien/bench";
import { z } from "zod";

/** Ways to predict with a Keras model, from the usual one to the fastest. */
const ENGINES = [
  { engine: "predict", name: "Keras predict" },
  { engine: "call", name: "Keras model(x)" },
  { engine: "function", name: "Keras tf.function" },
] as const;

/** Folder of the programs that run the packages we compare with. */
export const PEERS = path.resolve(import.meta.dirname, "../../peers");

/** Flags of a Python that ignores the user's packages and writes nothing beside its programs. */
export const PYTHON_FLAGS: readonly string[] = ["-E", "-s", "-B"];

/** Keras in a process of its own, with the weights of a run's model. */
interface KerasPredictPeer {
  readonly versions: Readonly<Record<"keras" | "tensorflow", string>>;
  /** A contender for each way to predict, at one batch size. */
  contenders(batch: number): Contender[];
  /** The probabilities for pixels, to check that Keras has the same model. */
  predict(pixels: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

const STARTED = z.object({ versions: z.object({ keras: z.string(), tensorflow: z.string() }) });
const PREDICTED = z.object({ probabilities: z.array(z.number()) });

/**
 * Starts Keras with a model that tfjs saved.
 *
 * @param python an interpreter that has Keras and TensorFlow.
 * @param model folder of the LayersModel.
 * @throws {MienError} `environment` if Python ends, with the end of its error output; `interrupted`.
 */
export async function startKerasPredict(
  python: string,
  model: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<KerasPredictPeer> {
  const script = path.join(PEERS, "keras_predict.py");
  const keras = openKeras(python, [...PYTHON_FLAGS, script, model], options);
  const { versions } = await keras.next(STARTED);
  return {
    versions,
    contenders: (batch) =>
      ENGINES.map(({ engine, name }) => processContender(name, keras, { engine, batch })),
    async predict(pixels) {
      const { probabilities } = await keras.ask({ pixels: [...pixels] }, PREDICTED);
      return Float32Array.from(probabilities);
    },
    close: () => keras.close(),
  };
}
