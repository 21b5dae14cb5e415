import type { LayerSpec, ModelSpec } from "./topology.ts";

/** Names of weights in the archives (`.keras`) of Keras 3. */
const ARCHIVED = /(^|\/)vars\/\d+$/;

/** The variables of a layer in the order in which Keras numbers them. */
const ORDER: readonly (readonly [variable: string, setting?: string])[] = [
  ["depthwise_kernel"],
  ["pointwise_kernel"],
  ["kernel"],
  ["alpha"],
  ["gamma", "scale"],
  ["beta", "center"],
  ["moving_mean"],
  ["moving_variance"],
  ["bias", "use_bias"],
];

/** The variables of the layers of each class; other layers have a kernel and a bias. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ["gamma", "beta", "moving_mean", "moving_variance"],
  LayerNormalization: ["gamma", "beta"],
  PReLU: ["alpha"],
  SeparableConv2D: ["depthwise_kernel", "pointwise_kernel", "bias"],
};

/**
 * Gives the weights of a Keras archive (`layers/conv2d_1/vars/0`) the names of their layers and
 * variables (`second/kernel`). The archive numbers the layers of each class within their model, in
 * the order of the file,
 * regardless of their names. Weights with other names keep them.
 */
export function nameArchivedWeights<Weight>(
  model: ModelSpec,
  weights: Readonly<Record<string, Weight>>,
): Readonly<Record<string, Weight>> {
  const archived = Object.keys(weights).filter((name) => ARCHIVED.test(name));
  if (archived.length === 0) return weights;
  const names = new Map<string, string>();
  collect(model, { folder: "", scope: "" }, names);
  const named = Object.create(null) as Record<string, Weight>;
  for (const [name, weight] of Object.entries(weights)) {
    // The state of a random number generator, which only training uses.
    if (/(^|\/)seed_generator\/vars\/0$/.test(name)) continue;
    named[names.get(name) ?? name] = weight;
  }
  return named;
}

function collect(
  model: ModelSpec,
  place: { readonly folder: string; readonly scope: string },
  names: Map<string, string>,
): void {
  const counts = new Map<string, number>();
  for (const layer of model.layers.values()) {
    const kind = snakeCase(layer.className);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const folder = `${place.folder}layers/${count === 0 ? kind : `${kind}_${count}`}/`;
    const scope = `${place.scope}${layer.name}/`;
    if (layer.model !== undefined) collect(layer.model, { folder, scope }, names);
    variablesOf(layer).forEach((variable, i) =>
      names.set(`${folder}vars/${i}`, `${scope}${variable}`),
    );
  }
}

function variablesOf({ className, config }: LayerSpec): string[] {
  const has = VARIABLES[className] ?? ["kernel", "bias"];
  return ORDER.filter(
    ([variable, setting]) =>
      has.includes(variable) && (setting === undefined || config[setting] !== false),
  ).map(([variable]) => variable);
}

/** `PReLU` → `p_re_lu`, as Keras derives names. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
