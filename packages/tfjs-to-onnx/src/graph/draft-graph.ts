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

/** The producer and the consumers of each value. */
export function links(graph: DraftGraph) {
  /** The node that produces a value, if exactly one node consumes it and it is no output. */
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
