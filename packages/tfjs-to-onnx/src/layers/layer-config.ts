import { MienError } from "@mien/format";
import { isCount } from "../read/json.ts";

/** The settings of one layer; each getter checks the type. */
export class LayerConfig {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #layer: string;

  /** @param layer the layer's name in errors. */
  constructor(values: Readonly<Record<string, unknown>>, layer: string) {
    this.#values = values;
    this.#layer = layer;
  }

  /** A finite number; `fallback` if it is absent, or an error without a fallback. */
  number(key: string, fallback?: number): number {
    const value = this.#values[key] ?? fallback;
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.#wrong(key, "a number");
  }

  /** A whole number of at least 1. */
  count(key: string, fallback?: number): number {
    const value = this.#values[key] ?? fallback;
    return isCount(value) ? value : this.#wrong(key, "a whole number of at least 1");
  }

  /** Whole numbers of at least 1, one for each of `length` axes; one number stands for all. */
  sizes(key: string, length: number, fallback?: readonly number[]): readonly number[] {
    const value = this.#values[key] ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const all = list.length === 1 ? new Array<unknown>(length).fill(list[0]) : list;
    if (all.length === length && all.every(isCount)) return all;
    const many = length === 1 ? "a whole number" : `one or ${length} whole numbers`;
    return this.#wrong(key, `${many} of at least 1`);
  }

  /** True or false. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.#values[key] ?? fallback;
    return typeof value === "boolean" ? value : this.#wrong(key, "true or false");
  }

  /** A word; null if it is absent. */
  text(key: string): string | null {
    const value = this.#values[key] ?? null;
    return value === null || typeof value === "string" ? value : this.#wrong(key, "a word");
  }

  /** The value as it is, for settings of another form. */
  raw(key: string): unknown {
    return this.#values[key];
  }

  /**
   * Refuses every value of a setting but one.
   *
   * @param supported the only supported value; an absent setting has it.
   * @throws {MienError} `unsupported` naming the layer, the setting and what is supported.
   */
  only(key: string, supported: string | number | boolean, why = ""): void {
    const value = this.#values[key] ?? supported;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.every((entry) => entry === supported)) return;
    throw new MienError(
      "unsupported",
      `${this.#layer} has "${key}": ${JSON.stringify(value)}; supported is ${JSON.stringify(supported)}${why}`,
    );
  }

  #wrong(key: string, expected: string): never {
    const found = JSON.stringify(this.#values[key]) ?? "nothing";
    throw new MienError(
      "bad-model",
      `${this.#layer}: "${key}" must be ${expected}, found ${found}`,
    );
  }
}
