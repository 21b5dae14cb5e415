import type { GraphNode, Tensor } from "./onnx-model.ts";

/** A graph that is being simplified. */
export interface DraftGraph {
  /** Each node comes after the nodes whose results it uses. */
  nodes: GraphNode[];
  readonly tensors: Map<string, Tensor>;
  /** Names of the values that are outputs or layers' results. */
  readonly outputs: readonly string[];
}

/** Makes a name that no value has. */
export function freshName(graph: DraftGraph, name: string): string {
  const taken = (candidate: string) =>
    graph.tensors.has(candidate) || graph.nodes.some((node) => node.outputs.includes(candidate));
  let fresh = name;
  for (let n = 2; taken(fresh); n++) fresh = `${name}_${n}`;
  return fresh;
}

/** A float32 constant; undefined if there is none of that name, or it has another type. */
export function floatTensor(
  graph: Pick<DraftGraph, "tensors">,
  name: string | undefined,
): { readonly dims: readonly number[]; readonly data: Float32Array } | undefined {
  const { dims = [], data } = graph.tensors.get(name ?? "") ?? {};
  return data instanceof Float32Array ? { dims, data } : undefined;
}

/** A node's attribute of whole numbers; undefined if it is absent or has another type. */
export function intsOf(node: GraphNode, attribute: string): readonly number[] | undefined {
  const value = node.attributes[attribute];
  return value !== undefined && "ints" in value ? value.ints : undefined;
}

/** A node's attribute of one float; undefined if it is absent or has another type. */
export function floatOf(node: GraphNode, attribute: string): number | undefined {
  const value = node.attributes[attribute];
  return value !== undefined && "float" in value ? value.float : undefined;
}

/** The producer and the consumers of each value. */
export function links(graph: DraftGraph) {
  /**
   * The node that produces a value, if exactly one node consumes the value and it is not an output.
   */
  const sole = (value: string | undefined): GraphNode | undefined => {
    if (value === undefined || graph.outputs.includes(value)) return undefined;
    const readers = graph.nodes.flatMap((node) => node.inputs).filter((name) => name === value);
    return readers.length === 1
      ? graph.nodes.find((node) => node.outputs.includes(value))
      : undefined;
  };
  const remove = (node: GraphNode): void => {
    graph.nodes = graph.nodes.filter((other) => other !== node);
  };
  return { sole, remove };
}

/** Removes nodes and constants on which no output depends. */
export function removeUnused(graph: DraftGraph): void {
  const used = new Set(graph.outputs);
  graph.nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => used.has(name))) return false;
      for (const name of node.inputs) used.add(name);
      return true;
    })
    .toReversed();
  for (const name of graph.tensors.keys()) if (!used.has(name)) graph.tensors.delete(name);
}
