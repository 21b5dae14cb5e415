import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { ErrorCode } from "@mien/format";

/**
 * A thread that holds one model: a worker thread of Node or a web worker. It is told what to do by
 * messages, and it never ends by itself; the side that started it ends it.
 */
export interface SessionThread {
  /** Sends a task; the memory of its data goes to the thread. */
  send(task: WorkerTask): void;
  /** Receives all later messages, and the reason if the thread ends. */
  listen(onMessage: (message: WorkerMessage) => void, onEnd: (reason: string) => void): void;
  /** Whether the program must wait for this thread before it ends; at first it must. */
  keepAlive(isNeeded: boolean): void;
  end(): Promise<void>;
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
 * order of the tasks.
 */
export type WorkerMessage = WorkerOpened | WorkerRefused | WorkerResult;

/** The model is open. */
export interface WorkerOpened {
  readonly kind: "opened";
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
}

/** onnxruntime cannot load the model; with a code, onnxruntime itself cannot start. */
export interface WorkerRefused {
  readonly kind: "refused";
  readonly reason: string;
  readonly code?: ErrorCode;
  readonly advice?: string;
}

/** The end of a task. `input` is the task's data, sent back so that its memory can be reused. */
export type WorkerResult =
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

/** One output of a model. */
export type OutputValue = { readonly name: string } & Pick<Tensor, "type" | "dims" | "data">;
