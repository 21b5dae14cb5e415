import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { MienError } from "@mien/format";
import type { Contender } from "./export-timing.ts";

/** Ways to let a Keras model predict, from what everybody types to what is fastest. */
const ENGINES = [
  { engine: "predict", name: "Keras predict" },
  { engine: "call", name: "Keras model(x)" },
  { engine: "function", name: "Keras tf.function" },
] as const;

/** Folder of the programs that run beside ours. */
export const PEERS = path.resolve(import.meta.dirname, "../../peers");

/** Keras in a process of its own, with the weights of a run's model. */
export interface KerasPeer {
  readonly versions: Readonly<Record<"keras" | "tensorflow", string>>;
  /** Its three ways to predict, at one batch size. */
  contenders(batch: number): Contender[];
  /** What it answers to pixels, to see that it is the same model. */
  predict(pixels: Float32Array): Promise<Float32Array>;
  close(): void;
}

/**
 * Starts Keras with a model that tfjs saved.
 *
 * @param python an interpreter that has Keras and TensorFlow.
 * @param model folder of the LayersModel.
 * @throws {MienError} `environment` if Python ends, with the end of its complaint.
 */
export async function startKeras(python: string, model: string): Promise<KerasPeer> {
  const child = spawn(python, [path.join(PEERS, "keras_predict.py"), model]);
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  child.once("error", (error) => (complaints += error.message));
  child.stdin.on("error", () => undefined); // its end is noticed by the answer that is missing
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const next: IteratorResult<string, unknown> = await lines.next();
    if (next.done !== true) return JSON.parse(next.value) as T;
    await ended;
    const tail = complaints.trim().split("\n").slice(-6).join("\n  ");
    throw new MienError("environment", `Keras stopped unexpectedly:\n  ${tail}`);
  };
  const ask = <T>(question: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return answer<T>();
  };
  const { versions } = await answer<Pick<KerasPeer, "versions">>();
  return {
    versions,
    contenders: (batch) =>
      ENGINES.map(({ engine, name }) => ({
        name,
        async turn({ ms, calls }) {
          const limit = { ms: Number.isFinite(ms) ? ms : null, calls: Math.min(calls, 1e9) };
          return (await ask<{ times: number[] }>({ engine, batch, ...limit })).times;
        },
      })),
    async predict(pixels) {
      const { probabilities } = await ask<{ probabilities: number[] }>({ pixels: [...pixels] });
      return Float32Array.from(probabilities);
    },
    close: () => void child.kill(),
  };
}
