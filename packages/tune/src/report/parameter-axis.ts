import type { Parameter } from "../search-space.ts";

/** Scale of a parameter's values along an axis. */
interface Axis {
  readonly log: boolean;
  /** Whether all positions are whole numbers. */
  readonly whole: boolean;
  readonly scale: { readonly min: number; readonly max: number };
  /** The labels of both ends, as one text. */
  readonly ends: string;
  /** The position of a value, in the unit of `scale`. */
  position(value: unknown): number;
  /** The position of a value as a share of the axis, 0–1. */
  share(value: unknown): number;
  /** The label at a position, or an empty text. */
  tick(position: number): string;
}

/**
 * The axis of a parameter. The choices of a categorical parameter are in their order; a number is at
 * its value, or at its logarithm.
 */
export function axisOf(parameter: Parameter): Axis {
  if (parameter.type === "categorical") {
    const texts = parameter.choices.map((choice) =>
      Array.isArray(choice) ? JSON.stringify(choice) : String(choice),
    );
    const labels = texts.map((text) => text.replace(/^\[|\]$/g, "").replaceAll(",", "·"));
    const position = (value: unknown) => texts.indexOf(String(value));
    return {
      log: false,
      whole: true,
      scale: { min: -0.5, max: texts.length - 0.5 },
      ends: labels.length > 2 ? `${labels[0]} … ${labels.at(-1)}` : labels.join(" | "),
      position,
      share: (value) => (texts.length > 1 ? position(value) / (texts.length - 1) : 0.5),
      tick: (at) => labels[at] ?? "",
    };
  }
  const { low, high, log = false } = parameter;
  const along = (value: number) => (log ? Math.log(value) : value);
  const few = parameter.type === "int" && high - low < 12;
  return {
    log,
    whole: few,
    scale: few ? { min: low - 0.5, max: high + 0.5 } : { min: low, max: high },
    ends: `${short(low)} – ${short(high)}${log ? ", log" : ""}`,
    position: Number,
    share: (value) =>
      high > low ? (along(Number(value)) - along(low)) / (along(high) - along(low)) : 0.5,
    tick: (at) => {
      if (few) return Number.isInteger(at) ? String(at) : "";
      return log && !/^[13]e/.test(at.toExponential()) ? "" : short(at);
    },
  };
}

function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return value !== 0 && Math.abs(value) < 0.001 ? rounded.toExponential() : String(rounded);
}
