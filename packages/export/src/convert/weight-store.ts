import { MienError } from "@mien/format";
import type { Weight } from "./weight-files.ts";

/** The weights of a model, handed out by layer and variable, and checked to be used up. */
export class WeightStore {
  readonly #weights = new Map<string, { readonly name: string; readonly weight: Weight }>();
  readonly #unused: Set<string>;

  constructor(weights: Readonly<Record<string, Weight>>) {
    this.#unused = new Set(Object.keys(weights));
    for (const [name, weight] of Object.entries(weights)) {
      this.#weights.set(name, { name, weight });
    }
    // Keras may name a variable dense/dense/kernel; tfjs then looks for dense/kernel.
    for (const [name, weight] of Object.entries(weights)) {
      const parts = name.split("/");
      const short = [...parts.slice(0, -2), ...parts.slice(-1)].join("/");
      if (!this.#weights.has(short)) this.#weights.set(short, { name, weight });
    }
  }

  /**
   * A variable of a layer.
   *
   * @param label what to call the layer in errors.
   * @throws {MienError} `bad-model` if there is none, or it has another shape.
   */
  take(name: string, shape: readonly number[], label: string): Float32Array {
    const entry = this.#weights.get(name);
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
        `${label} needs ${name} of shape [${shape.join(", ")}], found [${found.join(", ")}]`,
      );
    }
    this.#unused.delete(entry.name);
    return entry.weight.data;
  }

  /** The shape of a weight; undefined if there is none of that name. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.#weights.get(name)?.weight.shape;
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
