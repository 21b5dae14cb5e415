import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { MienError, messageOf } from "@mien/format";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { tensorInfo, type Session, type TensorInfo } from "./ort.ts";

/** What the thread gets when it starts. */
export interface WorkerInput {
  readonly bytes: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
}

/** What the thread is to do: run the model, or, for null, free it. */
export type WorkerTask = {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
  /** Names of the outputs that are wanted. */
  readonly outputs: readonly string[];
} | null;

/**
 * What the thread says: once whether the model is open, then one answer for each task, in order.
 * The thread never ends by itself; the side that started it does that.
 */
export type WorkerAnswer =
  | {
      readonly kind: "opened";
      readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
      readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
    }
  /** onnxruntime does not take the model. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The model is freed: the answer to the task null. */
  | { readonly kind: "released" }
  | ({ readonly kind: "answer"; readonly values: readonly Value[] } & Lent)
  | ({ readonly kind: "failure"; readonly reason: string } & Lent);

/** The memory that the task came in, which goes back and forth instead of being copied. */
interface Lent {
  readonly lent: Float32Array<ArrayBuffer>;
}

type Value = { readonly name: string } & Pick<Tensor, "type" | "dims" | "data">;

interface Waiting {
  resolve(values: readonly Value[]): void;
  reject(error: Error): void;
}

/**
 * Loads a model on a thread of its own, since onnxruntime-node computes on the thread that calls it.
 *
 * The thread does not keep a program alive, except while it works.
 *
 * @param TensorType onnxruntime's own constructor.
 * @throws {MienError} `environment` if the thread does not start; whatever else is thrown is
 * onnxruntime's complaint about the model.
 */
export async function openBackgroundSession(
  input: WorkerInput,
  TensorType: typeof Tensor,
): Promise<Session> {
  const worker = new Worker(new URL("./session-worker.mjs", import.meta.url), {
    workerData: input,
    // Not what the program was started with: it may want to compile TypeScript, which takes long.
    execArgv: [],
  });
  const [opened] = (await once(worker, "message").catch((error: unknown) => {
    throw threadEnded(messageOf(error));
  })) as [WorkerAnswer];
  if (opened.kind === "opened") return new BackgroundSession(worker, opened, TensorType);
  await worker.terminate();
  throw new Error(opened.kind === "refused" ? opened.reason : "the thread answers out of turn");
}

class BackgroundSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #worker: Worker;
  readonly #TensorType: typeof Tensor;
  readonly #waiting: Waiting[] = [];
  #spare: Float32Array<ArrayBuffer> | undefined;
  #ended: Error | undefined;

  constructor(
    worker: Worker,
    opened: WorkerAnswer & { kind: "opened" },
    TensorType: typeof Tensor,
  ) {
    this.inputs = opened.inputMetadata.map(tensorInfo);
    this.outputs = opened.outputMetadata.map(tensorInfo);
    this.#worker = worker;
    this.#TensorType = TensorType;
    worker.unref();
    worker.on("message", (answer: WorkerAnswer) => this.#take(answer));
    worker.on("error", (error) => this.#end(threadEnded(messageOf(error))));
    worker.on("exit", () => this.#end(threadEnded("it ended")));
  }

  async run(data: Float32Array, shape: readonly number[]): Promise<Tensor> {
    const names = this.outputs.slice(0, 1).map(({ name }) => name);
    return this.#toTensor((await this.#work(data, shape, names))[0] as Value);
  }

  async runAll(data: Float32Array, shape: readonly number[]): Promise<Record<string, Tensor>> {
    const names = this.outputs.map(({ name }) => name);
    const values = await this.#work(data, shape, names);
    return Object.fromEntries(values.map((value) => [value.name, this.#toTensor(value)]));
  }

  async release(): Promise<void> {
    if (this.#ended !== undefined) return;
    const released = this.#nextAnswer();
    this.#worker.postMessage(null satisfies WorkerTask);
    await released;
    // From this side, since Deno's threads cannot close their own port.
    await this.#worker.terminate();
  }

  async #work(data: Float32Array, shape: readonly number[], outputs: readonly string[]) {
    if (this.#ended !== undefined) throw this.#ended;
    // A copy, since what is handed to another thread is gone from this one.
    const copy = this.#spare?.length === data.length ? this.#spare : new Float32Array(data.length);
    this.#spare = undefined;
    copy.set(data);
    const answer = this.#nextAnswer();
    this.#worker.postMessage({ data: copy, shape, outputs } satisfies WorkerTask, [copy.buffer]);
    return answer;
  }

  /** Keeps the program alive until the thread has answered. */
  #nextAnswer(): Promise<readonly Value[]> {
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take(answer: WorkerAnswer): void {
    if (answer.kind === "opened" || answer.kind === "refused") return;
    if (answer.kind !== "released") this.#spare = answer.lent;
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if (answer.kind === "failure") waiting?.reject(new Error(answer.reason));
    else waiting?.resolve(answer.kind === "answer" ? answer.values : []);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended);
  }

  #toTensor({ type, dims, data }: Value): Tensor {
    return new this.#TensorType(type, data, dims);
  }
}

function threadEnded(reason: string): MienError {
  return new MienError("environment", `the thread of a model does not run: ${reason}`, {
    advice: "Open it without `background`; a bundler must keep session-worker.mjs beside its code.",
  });
}
