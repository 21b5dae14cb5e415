import { MienError } from "@mien/format";
import type { Tensor } from "onnxruntime-common";
import { tensorInfo, type Session, type TensorInfo } from "./ort.ts";
import type {
  OutputValue,
  SessionThread,
  WorkerMessage,
  WorkerOpened,
  WorkerRefused,
  WorkerResult,
} from "./session-thread.ts";

interface PendingTask {
  resolve(values: readonly OutputValue[]): void;
  reject(error: Error): void;
}

/**
 * Waits until a thread has opened its model, since onnxruntime computes on the thread that calls it.
 * The thread keeps the program alive only while it works.
 *
 * @param TensorType onnxruntime's own constructor.
 * @throws {MienError} `environment` if the thread or onnxruntime does not start. Any other error is
 * onnxruntime's reason why it cannot load the model.
 */
export async function openBackgroundSession(
  thread: SessionThread,
  TensorType: typeof Tensor,
): Promise<Session> {
  const first = await new Promise<WorkerMessage>((resolve, reject) => {
    thread.listen(resolve, (reason) => reject(threadEnded(reason)));
  });
  if (first.kind === "opened") return new BackgroundSession(thread, first, TensorType);
  await thread.end();
  throw first.kind === "refused" ? refusal(first) : threadEnded(`it sent ${first.kind}`);
}

class BackgroundSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #thread: SessionThread;
  readonly #TensorType: typeof Tensor;
  readonly #pending: PendingTask[] = [];
  /** Memory for the input of the next task. */
  #spare: Float32Array<ArrayBuffer> | undefined;
  /** Why the thread has ended. */
  #ended: Error | undefined;

  constructor(thread: SessionThread, opened: WorkerOpened, TensorType: typeof Tensor) {
    this.inputs = opened.inputMetadata.map(tensorInfo);
    this.outputs = opened.outputMetadata.map(tensorInfo);
    this.#thread = thread;
    this.#TensorType = TensorType;
    thread.keepAlive(false);
    thread.listen(
      (message) => {
        if (message.kind !== "opened" && message.kind !== "refused") this.#endTask(message);
      },
      (reason) => this.#end(threadEnded(reason)),
    );
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
    this.#thread.send(null);
    await released;
    // The thread is ended from this side, since threads of Deno cannot close their own port.
    await this.#thread.end();
  }

  async #runTask(data: Float32Array, shape: readonly number[], outputs: readonly string[]) {
    if (this.#ended !== undefined) throw this.#ended;
    // A copy, since memory that is transferred to another thread is lost to this one.
    const copy = this.#spare?.length === data.length ? this.#spare : new Float32Array(data.length);
    this.#spare = undefined;
    copy.set(data);
    const result = this.#nextResult();
    this.#thread.send({ data: copy, shape, outputs });
    return result;
  }

  /** Keeps the program alive until the thread has sent the result. */
  #nextResult(): Promise<readonly OutputValue[]> {
    this.#thread.keepAlive(true);
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  #endTask(result: WorkerResult): void {
    if (result.kind !== "released") this.#spare = result.input;
    const task = this.#pending.shift();
    if (this.#pending.length === 0) this.#thread.keepAlive(false);
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

function refusal({ reason, code, advice }: WorkerRefused): Error {
  if (code === undefined) return new Error(reason);
  return new MienError(code, reason, advice === undefined ? {} : { advice });
}

function threadEnded(reason: string): MienError {
  return new MienError("environment", `the thread of a model does not run: ${reason}`, {
    advice:
      "Open it without `background`; a bundler must keep session-worker.mjs (in Node) or " +
      "session-worker-web.js (in a browser) beside its code.",
  });
}
