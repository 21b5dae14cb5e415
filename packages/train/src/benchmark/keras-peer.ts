import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { MienError, messageOf } from "@mien/format";
import { BATCH_NORM_EPSILON } from "../tensor/native-ops.ts";
import type { Trainer } from "../step.ts";

/** Time that a round of training took. */
export interface RoundTime {
  readonly steps: number;
  readonly wallMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
}

/** Keras in a process of its own, with the same network as a trainer. */
export interface KerasPeer {
  /** Of Keras and of TensorFlow. */
  readonly versions: { readonly keras: string; readonly tensorflow: string };
  readonly parameters: number;
  /** One epoch of `fit` over the images. */
  readonly round: () => Promise<RoundTime>;
  dispose(): void;
}

/**
 * Starts Keras with the network, batch size and optimiser of a trainer, on random images.
 *
 * @param python an interpreter that has Keras and TensorFlow.
 * @param images how many make a round.
 * @throws {MienError} `environment` if Python ends or says something unexpected.
 */
export async function startKeras(
  python: string,
  trainer: Trainer,
  images: number,
): Promise<KerasPeer> {
  const script = path.join(import.meta.dirname, "../../python/keras_fit.py");
  // Detached, so that Ctrl-C does not end it before its answer is read; it ends with its input.
  const child = spawn(python, ["-I", script], { detached: true });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  child.on("error", (error) => (complaints += error.message));
  child.stdin.on("error", () => undefined);
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (question: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = (await lines.next()) as { value?: string; done?: boolean };
    try {
      if (!done) return JSON.parse(value ?? "");
    } catch (error) {
      complaints += `\n${messageOf(error)}: ${value}`;
    }
    child.kill();
    await ended;
    const tail = complaints.trim().split("\n").slice(-5).join("\n");
    throw new MienError("environment", `Keras stopped unexpectedly:\n${tail}`);
  };
  const { input, classes, network, config } = trainer;
  const started = (await ask({
    stages: network.stages,
    input: [input.height, input.width, input.channels],
    classes,
    images,
    batchSize: config.batchSize,
    learningRate: config.learningRate,
    l2: config.l2,
    batchNormMomentum: config.batchNormMomentum,
    batchNormEpsilon: BATCH_NORM_EPSILON,
  })) as { keras: string; tensorflow: string; parameters: number };
  return {
    versions: { keras: started.keras, tensorflow: started.tensorflow },
    parameters: started.parameters,
    round: async () => (await ask({})) as RoundTime,
    dispose: () => void child.kill(),
  };
}
