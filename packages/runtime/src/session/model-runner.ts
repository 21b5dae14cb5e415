import { ort } from "#ort";
import { MienError, messageOf } from "@mien/format";
import type { ModelBytes, Session } from "./ort.ts";
import { resolveSession, type SessionOptions } from "./session-options.ts";

/** What a model is used as, in words for error messages. */
export interface ModelPurpose {
  /** The kind of model, with an article: `a face detector`. */
  readonly kind: string;
  /** What uses the model, for the error message after `close`: `face detector`. */
  readonly user: string;
  /** Where to get such a model. */
  readonly advice: string;
}

/** An open model whose tasks run one after the other, until it is closed. */
export class ModelRunner {
  readonly session: Session;
  readonly #name: string;
  readonly #purpose: ModelPurpose;
  /** Settles when every task so far has ended; never rejects. */
  #lastTask: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(session: Session, name: string, purpose: ModelPurpose) {
    this.session = session;
    this.#name = name;
    this.#purpose = purpose;
  }

  /**
   * Loads a model into onnxruntime.
   *
   * @throws {MienError} `bad-model` if onnxruntime cannot load it; `environment` if onnxruntime
   * itself cannot start.
   */
  static async open(
    { bytes, name }: ModelBytes,
    options: SessionOptions,
    purpose: ModelPurpose,
  ): Promise<ModelRunner> {
    const session = await ort
      .createSession(bytes, resolveSession(options))
      .catch((error: unknown) => {
        if (error instanceof MienError) throw error;
        const problem = `onnxruntime cannot load it (${messageOf(error)})`;
        throw badModel({ name, purpose }, problem, error);
      });
    return new ModelRunner(session, name, purpose);
  }

  /**
   * Runs a task once all earlier ones have ended.
   *
   * @throws {MienError} `usage` after `close`.
   */
  async run<T>(task: (session: Session) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new MienError("usage", `the ${this.#purpose.user} of ${this.#name} is closed`, {
        advice: "Open another one.",
      });
    }
    const result = this.#lastTask.then(() => task(this.session));
    this.#lastTask = result.catch(() => undefined);
    return result;
  }

  /** Frees the model once the tasks given so far have ended; tasks given later fail. */
  close(): Promise<void> {
    this.#closing ??= this.#lastTask.then(() => this.session.release());
    return this.#closing;
  }

  /** A `bad-model` error that names the model. */
  error(problem: string, cause?: unknown): MienError {
    return badModel({ name: this.#name, purpose: this.#purpose }, problem, cause);
  }
}

/** A `bad-model` error that names the model, and says where to get a suitable model. */
export function badModel(
  { name, purpose }: { readonly name: string; readonly purpose: ModelPurpose },
  problem: string,
  cause?: unknown,
): MienError {
  return new MienError("bad-model", `${name} cannot be used as ${purpose.kind}: ${problem}`, {
    advice: purpose.advice,
    cause,
  });
}
