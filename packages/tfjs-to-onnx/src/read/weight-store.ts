import { MienError } from "@mien/format";
import type { Weight } from "./weight-files.ts";

/** Identifies a variable of a layer. */
export interface Variable {
  /** Names of the enclosing models, the outermost first, then the layer's name. */
  readonly path: readonly string[];
  /** E.g. `kernel`. */
  readonly variable: string;
}

interface Entry {
  readonly name: string;
  readonly weight: Weight;
}

/**
 * The weights of a model by layer and variable; checks that all of them are used.
 *
 * Names contain different parts of the path: tfjs and Keras 2 write `dense/kernel`; Keras 3 adds the
 * models that were built with the layer (`sequential/block/dense/kernel`); TensorFlow 2.2 repeats the
 * layer (`dense/dense/kernel`).
 */
export class WeightStore {
  readonly #weights = new Map<string, Entry>();
  readonly #shortened = new Map<string, Entry>();
  readonly #unused: Set<string>;

  constructor(weights: Readonly<Record<string, Weight>>) {
    this.#unused = new Set(Object.keys(weights));
    for (const [name, weight] of Object.entries(weights)) {
      this.#weights.set(name, { name, weight });
      const parts = name.split("/");
      const short = [...parts.slice(0, -2), ...parts.slice(-1)].join("/");
      if (!this.#shortened.has(short)) this.#shortened.set(short, { name, weight });
    }
  }

  /**
   * A variable of a layer.
   *
   * @param label the layer's name in errors.
   * @throws {MienError} `bad-model` if it is missing or has another shape.
   */
  take(wanted: Variable, shape: readonly number[], label: string): Float32Array {
    const entry = this.#find(wanted);
    const name = `${wanted.path.at(-1) ?? ""}/${wanted.variable}`;
    if (entry === undefined) {
      const others = this.#unused.size > 0 ? `; weights without a layer: ${this.#list()}` : "";
      throw new MienError(
        "bad-model",
        `${label} needs the weight ${name}, which is missing${others}`,
      );
    }
    const { shape: found } = entry.weight;
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new MienError(
        "bad-model",
        `${label} needs ${entry.name} of shape [${shape.join(", ")}], found [${found.join(", ")}]`,
      );
    }
    this.#unused.delete(entry.name);
    return entry.weight.data;
  }

  /** The shape of a weight; undefined if there is none of that name. */
  shapeOf(wanted: Variable): readonly number[] | undefined {
    return this.#find(wanted)?.weight.shape;
  }

  /** The weight whose name contains the longest part of the path. */
  #find({ path, variable }: Variable): Entry | undefined {
    const names = path.map((_, i) => [...path.slice(i), variable].join("/"));
    for (const known of [this.#weights, this.#shortened]) {
      for (const name of names) {
        const entry = known.get(name);
        if (entry !== undefined) return entry;
      }
    }
    // A prefix may precede it, such as the name of the model when it was built.
    const ending = `/${names.at(-1) ?? ""}`;
    const others = [...this.#weights.values()].filter(({ name }) => name.endsWith(ending));
    return others.length === 1 ? others[0] : undefined;
  }

  /** @throws {MienError} `bad-model` if a weight belongs to no layer. */
  requireAllUsed(): void {
    if (this.#unused.size === 0) return;
    throw new MienError("bad-model", `no layer of the model has the weights ${this.#list()}`, {
      advice: "The topology and the weights belong to different models, or were renamed.",
    });
  }

  #list(): string {
    const names = [...this.#unused];
    const shown = names.slice(0, 5).join(", ");
    return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
  }
}
