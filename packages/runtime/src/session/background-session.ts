import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { MienError, messageOf } from "@mien/format";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import { tensorInfo, type Session, type TensorInfo } from "./ort.ts";

/** Given to the thread when it starts. */
export interface WorkerInput {
  readonly bytes: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
}

/** A message to the thread: run the model once; or, for null, free it. */
export type WorkerTask = {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
  /** Names of the outputs to return. */
  readonly outputs: readonly string[];
} | null;

/**
 * A message from the thread: first whether the model is open, then one message for each task, in the
 * order of the tasks. The thread never ends by itself; the side that started it ends it.
 */
export type WorkerMessage = WorkerOpened | WorkerRefused | WorkerResult;

/** The model is open. */
interface WorkerOpened {
  readonly kind: "opened";
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
}

/** onnxruntime cannot load the model. */
interface WorkerRefused {
  readonly kind: "refused";
  readonly reason: string;
}

/** The end of a task. `input` is the task's data, sent back so that its memory can be reused. */
type WorkerResult =
  | { readonly kind: "released" }
  | {
      readonly kind: "outputs";
      readonly values: readonly OutputValue[];
      readonly input: Float32Array<ArrayBuffer>;
    }
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly input: Float32Array<ArrayBuffer>;
    };

type OutputValue = { readonly name: string } & Pick<Tensor, "type" | "dims" | "data">;

interface PendingTask {
  resolve(values: readonly OutputValue[]): void;
  reject(error: Error): void;
}

/**
 * Loads a model on a thread of its own, since onnxruntime-node computes on the thread that calls it.
 * The thread keeps the program alive only while it works.
 *
 * @param TensorType onnxruntime's own constructor.
 * @throws {MienError} `environment` if the thread does not start. Any other error is onnxruntime's
 * reason why it cannot load the model.
 */
export async function openBackgroundSession(
  input: WorkerInput,
  TensorType: typeof Tensor,
): Promise<Session> {
  const worker = new Worker(new URL("./session-worker.mjs", import.meta.url), {
    workerData: input,
    // Without the program's own flags, which may load a TypeScript compiler; that takes long.
    execArgv: [],
  });
  const [first] = (await once(worker, "message").catch((error: unknown) => {
    throw threadEnded(messageOf(error));
  })) as [WorkerOpened | WorkerRefused];
  if (first.kind === "opened") return new BackgroundSession(worker, first, TensorType);
  await worker.terminate();
  throw new Error(first.reason);
}

class BackgroundSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #worker: Worker;
  readonly #TensorType: typeof Tensor;
  readonly #pending: PendingTask[] = [];
  /** Memory for the input of the next task. */
  #spare: Float32Array<ArrayBuffer> | undefined;
  /** Why the thread has ended. */
  #ended: Error | undefined;

  constructor(worker: Worker, opened: WorkerOpened, TensorType: typeof Tensor) {
    this.inputs = opened.inputMetadata.map(tensorInfo);
    this.outputs = opened.outputMetadata.map(tensorInfo);
    this.#worker = worker;
    this.#TensorType = TensorType;
    worker.unref();
    worker.on("message", (result: WorkerResult) => this.#endTask(result));
    worker.on("error", (error) => this.#end(threadEnded(messageOf(error))));
    worker.on("exit", () => this.#end(threadEnded("it ended")));
  }

  async run(data: Float32Array, shape: readonly number[]): Promise<Tensor> {
    const names = this.outputs.slice(0, 1).map(({ name }) => name);
    const [value] = await this.#runTask(data, shape, names);
    if (value === undefined) throw new Error("onnxruntime returned no output");
    return this.#toTensor(value);
  }

  async runAll(data: Float32Array, shape: readonly number[]): Promise<Record<string, Tensor>> {
    const names = this.outputs.map(({ name }) => name);
    const values = await this.#runTask(data, shape, names);
    return Object.fromEntries(values.map((value) => [value.name, this.#toTensor(value)]));
  }

  async release(): Promise<void> {
    if (this.#ended !== undefined) return;
    const released = this.#nextResult();
    this.#worker.postMessage(null satisfies WorkerTask);
    await released;
    // The thread is ended from this side, since threads of Deno cannot close their own port.
    await this.#worker.terminate();
  }

  async #runTask(data: Float32Array, shape: readonly number[], outputs: readonly string[]) {
    if (this.#ended !== undefined) throw this.#ended;
    // A copy, since memory that is transferred to another thread is lost to this one.
    const copy = this.#spare?.length === data.length ? this.#spare : new Float32Array(data.length);
    this.#spare = undefined;
    copy.set(data);
    const result = this.#nextResult();
    this.#worker.postMessage({ data: copy, shape, outputs } satisfies WorkerTask, [copy.buffer]);
    return result;
  }

  /** Keeps the program alive until the thread has sent the result. */
  #nextResult(): Promise<readonly OutputValue[]> {
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  #endTask(result: WorkerResult): void {
    if (result.kind !== "released") this.#spare = result.input;
    const task = this.#pending.shift();
    if (this.#pending.length === 0) this.#worker.unref();
    if (result.kind === "failed") task?.reject(new Error(result.reason));
    else task?.resolve(result.kind === "outputs" ? result.values : []);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const task of this.#pending.splice(0)) task.reject(this.#ended);
  }

  #toTensor({ type, dims, data }: OutputValue): Tensor {
    return new this.#TensorType(type, data, dims);
  }
}

function threadEnded(reason: string): MienError {
  return new MienError("environment", `the thread of a model does not run: ${reason}`, {
    advice: "Open it without `background`; a bundler must keep session-worker.mjs beside its code.",
  });
}
