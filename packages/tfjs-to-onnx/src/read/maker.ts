/** The program that made a file. tfjs and the versions of Keras compute some layers differently. */
export interface Maker {
  /** `keras`: Keras of a version that the file does not state or that is unknown. */
  readonly rules: "tfjs" | "keras2" | "keras3" | "keras";
  /** For messages, e.g. `Keras 3.15.1`. */
  readonly title: string;
  /** [major, minor]; [0, 0] if the file does not state it. */
  readonly version: readonly [number, number];
}

/**
 * Reads which program made a model: tfjs, or Keras (by the tfjs converter). If a file names no
 * program, tfjs is assumed, since only tfjs opens such files.
 *
 * @param topology `modelTopology` of `model.json`; its `keras_version` decides if it is present.
 * @param about `generatedBy` and `convertedBy` of `model.json`.
 */
export function makerOf(
  topology: unknown,
  about: { readonly generatedBy?: unknown; readonly convertedBy?: unknown } = {},
): Maker {
  const inside =
    typeof topology === "object" && topology !== null && "keras_version" in topology
      ? topology.keras_version
      : undefined;
  const generator = typeof about.generatedBy === "string" ? about.generatedBy : "";
  const said = typeof inside === "string" ? inside : generator;
  // tfjs writes "tfjs-layers 4.22.0" where Keras writes its version.
  const isTfjs = /tfjs|tensorflow\.?js/i.test(said);
  const isKeras =
    typeof inside === "string" || /keras/i.test(said) || typeof about.convertedBy === "string";
  const [, number = "", major = "0", minor = "0"] = /((\d+)\.(\d+)\S*)/.exec(said) ?? [];
  const version = [Number(major), Number(minor)] as const;
  if (isTfjs || !isKeras) return { rules: "tfjs", title: `tfjs ${number}`.trim(), version };
  const rules = major === "2" ? "keras2" : major === "3" ? "keras3" : "keras";
  return { rules, title: number === "" ? "Keras" : `Keras ${number}`, version };
}
