import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeSavedModel, GRAPH_TAG, zero, type GraphNode } from "./graph-def.ts";
import { attribute, DTYPE, type NativeTensor } from "./native.ts";
import { binding } from "./tf.ts";
import type { Mirror, Variable } from "./variable.ts";

/** A TensorFlow graph with copies of variables, ready to run. */
export interface Graph extends Mirror {
  /** Runs all nodes, and changes the variables. @param feeds in the order of `placeholders`. */
  run(feeds: readonly NativeTensor[]): void;
  /** Frees the graph, after its variables have their present values. */
  dispose(): void;
}

/** The names of the nodes of a variable in a graph. */
export const variableNodes = (index: number) => ({
  handle: `variable${index}`,
  initial: `variable${index}_initial`,
  assign: `variable${index}_assign`,
  read: `variable${index}_read`,
});

/**
 * Loads a graph into TensorFlow.
 *
 * @param from.nodes without the nodes of `variables`, which are added.
 * @param from.variables in the order of the indices of `variableNodes`.
 * @param from.written those that a run changes.
 * @param from.placeholders names of the nodes that need a value in every run.
 * @param from.last names of the nodes that must have run.
 */
export function loadGraph(from: {
  readonly nodes: readonly GraphNode[];
  readonly variables: readonly Variable[];
  readonly written: ReadonlySet<Variable>;
  readonly placeholders: readonly string[];
  readonly last: readonly string[];
}): Graph {
  const { variables, written, placeholders } = from;
  const session = open([
    ...variables.flatMap(nodesOf),
    ...from.nodes,
    // TensorFlow runs what the outputs asked for need, so these outputs need everything.
    after("done", from.last),
  ]);
  const inputNames = outputsNamed(placeholders);
  const names = new Map(variables.map((variable, i) => [variable, variableNodes(i)]));
  /** The variables whose copy in the graph is older than their value outside. */
  const outdated = new Set(variables);
  /** The variables whose value outside is older than their copy in the graph. */
  const ahead = new Set<Variable>();

  const nodesFor = (some: Iterable<Variable>) =>
    Array.from(some, (variable) => {
      const nodes = names.get(variable);
      if (nodes === undefined) throw new Error(`${variable.name} is not in the graph`);
      return { variable, nodes };
    });

  const fetch = (some: Iterable<Variable>) => {
    const pairs = nodesFor(some);
    if (pairs.length === 0) return;
    const values = binding.runSavedModel(
      session,
      [],
      "",
      outputsNamed(pairs.map(({ nodes }) => nodes.read)),
    );
    pairs.forEach(({ variable }, i) => {
      const value = values[i];
      if (value === undefined) return;
      ahead.delete(variable);
      variable.storeOutside(value);
      binding.deleteTensor(value.id);
    });
  };

  const push = () => {
    const pairs = nodesFor(outdated);
    if (pairs.length === 0) return;
    const values = pairs.map(({ variable }) => variable.readOutside());
    const ids = values.map(({ id }) => id);
    const inputs = outputsNamed(pairs.map(({ nodes }) => nodes.initial));
    // One output for each variable, because TensorFlow runs only what the outputs need.
    const outputs = outputsNamed(pairs.map(({ nodes }) => `${nodes.assign}_done`));
    try {
      for (const { id } of binding.runSavedModel(session, ids, inputs, outputs)) {
        binding.deleteTensor(id);
      }
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
    outdated.clear();
  };

  const graph: Graph = {
    run(feeds) {
      push();
      const ids = feeds.map(({ id }) => id);
      for (const { id } of binding.runSavedModel(session, ids, inputNames, "done:0")) {
        binding.deleteTensor(id);
      }
      for (const variable of written) ahead.add(variable);
    },
    refresh(only) {
      if (only === undefined) fetch([...ahead]);
      else if (ahead.has(only)) fetch([only]);
    },
    changed(variable) {
      outdated.add(variable);
      ahead.delete(variable);
    },
    dispose() {
      graph.refresh();
      for (const variable of variables) variable.mirror = undefined;
      binding.deleteSavedModel(session);
    },
  };
  for (const variable of variables) variable.mirror = graph;
  return graph;
}

/** A node that does nothing, and runs after others. */
function after(name: string, others: readonly string[]): GraphNode {
  const inputs = others.map((other) => `^${other}`);
  return { name, operation: "Const", inputs, attributes: [], value: zero };
}

function nodesOf(variable: Variable, index: number): GraphNode[] {
  const { handle, initial, assign, read } = variableNodes(index);
  const attributes = [attribute.type("dtype", DTYPE.float32)];
  const shaped = [...attributes, attribute.shape("shape", variable.shape)];
  const names = [attribute.text("container", ""), attribute.text("shared_name", handle)];
  return [
    { name: handle, operation: "VarHandleOp", inputs: [], attributes: [...shaped, ...names] },
    { name: initial, operation: "Placeholder", inputs: [], attributes: shaped },
    { name: assign, operation: "AssignVariableOp", inputs: [handle, initial], attributes },
    after(`${assign}_done`, [assign]),
    { name: read, operation: "ReadVariableOp", inputs: [handle], attributes },
  ];
}

/** The first outputs of nodes, as the addon expects them. */
function outputsNamed(nodes: readonly string[]): string {
  return nodes.map((node) => `${node}:0`).join(",");
}

/** Opens a session of a graph. It is passed by a file, the only way that the addon has. */
function open(nodes: readonly GraphNode[]): number {
  const folder = mkdtempSync(path.join(tmpdir(), "mien-graph-"));
  try {
    writeFileSync(path.join(folder, "saved_model.pb"), encodeSavedModel(nodes));
    return binding.loadSavedModel(folder, GRAPH_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
