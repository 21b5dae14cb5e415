import { loadGraph, variableNodes, type Graph } from "./graph.ts";
import type { GraphNode } from "./graph-def.ts";
import {
  attribute,
  dispose,
  download,
  DTYPE,
  intercept,
  isConstant,
  keep,
  run,
  upload,
  type Attribute,
  type Interceptor,
  type NativeTensor,
} from "./native.ts";
import { binding } from "./tf.ts";
import { variableOf, type Variable } from "./variable.ts";

/*
 * A training step as one TensorFlow graph. Operation by operation, a step spends a sixth of its
 * processor time between the operations, and each operation waits for the one before it. A graph runs
 * on TensorFlow's own executor, which runs independent operations at the same time and frees each
 * tensor after its last use.
 *
 * The first step is recorded: its operations run as usual, and become the nodes of the graph. After
 * that, a step runs its JavaScript as before, but its operations are only compared with the recorded
 * ones, and its uploads (random numbers, learning rate) become the inputs of the graph.
 */

/** Runs training steps. */
export interface StepGraph {
  /**
   * Runs a step, which changes variables and returns nothing.
   *
   * @param step makes the same operations on tensors of the same shapes in each call. It is called
   *   again if it has to be recorded. It may not read values of tensors.
   */
  run(step: () => void): void;
  /** Whether the last step ran as a graph. */
  readonly isUsed: boolean;
  /** Frees the graph. The variables keep their values. */
  dispose(): void;
}

/** Runs every step operation by operation. */
export const withoutGraph: StepGraph = {
  run: (step) => step(),
  isUsed: false,
  dispose: () => undefined,
};

/**
 * Runs steps as a graph. If TensorFlow cannot run it, or its first result differs from that of the
 * single operations by more than rounding, all steps run operation by operation. Both ways give the
 * same result bit for bit in every run, but a graph may round some sums in another way.
 */
export function createStepGraph(): StepGraph {
  let recording: Recording | undefined;
  let recordings = 0;
  const stop = () => {
    recording?.graph.dispose();
    recording = undefined;
  };
  return {
    run(step) {
      if (recording !== undefined) {
        if (repeat(recording, step)) return;
        // The step differs from the recorded one.
        stop();
      }
      if (recordings === MAX_RECORDINGS) return step();
      recordings++;
      recording = record(step);
      if (recording !== undefined) return;
      recordings = MAX_RECORDINGS;
      step();
    },
    get isUsed() {
      return recording !== undefined;
    },
    dispose: stop,
  };
}

/** A step that differs so often is not worth a graph. */
const MAX_RECORDINGS = 3;

/** A call of a step to TensorFlow. */
type Call =
  | {
      readonly kind: "operation";
      readonly name: string;
      readonly attributes: readonly Attribute[];
      readonly inputs: readonly number[];
      /** Symbolic. */
      readonly outputs: readonly NativeTensor[];
    }
  | { readonly kind: "upload"; readonly tensor: NativeTensor };

interface Recording {
  readonly calls: readonly Call[];
  /** Tensors from outside of the step that are inputs in every run, such as the data set. */
  readonly outside: readonly NativeTensor[];
  readonly graph: Graph;
}

/**
 * Records a step and runs it as a graph.
 *
 * @returns undefined if the graph cannot be used; the variables then have their values from before.
 */
function record(step: () => void): Recording | undefined {
  const calls: Call[] = [];
  const nodes: GraphNode[] = [];
  const uploads: string[] = [];
  const uploaded: NativeTensor[] = [];
  const outside = new Map<string, NativeTensor>();
  /** By the id of a tensor in this recording: its node's output and its id when it is repeated. */
  const known = new Map<number, { readonly name: string; readonly symbol: number }>();
  const variables = new Map<Variable, Access>();
  let symbols = 0;
  const symbolic = ({ shape, dtype }: NativeTensor): NativeTensor => ({
    id: --symbols,
    shape,
    dtype,
  });

  const placeholder = (name: string, { dtype, shape }: NativeTensor) => {
    const attributes = [attribute.type("dtype", dtype), attribute.shape("shape", shape)];
    nodes.push({ name, operation: "Placeholder", inputs: [], attributes });
  };

  const sourceOf = (tensor: NativeTensor): { readonly name: string; readonly symbol: number } => {
    const found = known.get(tensor.id);
    if (found) return found;
    const source = { name: `outside${known.size}`, symbol: tensor.id };
    if (isConstant(tensor)) {
      const { buffer, byteOffset, byteLength } = binding.tensorDataSync(tensor.id);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      const { dtype, shape } = tensor;
      const value = { dtype, shape, bytes };
      nodes.push({ name: source.name, operation: "Const", inputs: [], attributes: [], value });
    } else {
      placeholder(source.name, tensor);
      outside.set(source.name, tensor);
    }
    known.set(tensor.id, source);
    return source;
  };

  /** The access of an operation to a variable; the first write saves the value from before. */
  const accessOf = (tensor: NativeTensor, writes: boolean): Access => {
    const variable = variableOf(tensor);
    let access = variables.get(variable);
    if (access === undefined) {
      const { handle } = variableNodes(variables.size);
      access = { variable, reads: [], write: undefined, before: undefined };
      known.set(tensor.id, { name: handle, symbol: tensor.id });
      variables.set(variable, access);
    }
    if (writes) access.before ??= intercept(undefined, () => keep(variable.read()));
    return access;
  };

  const recorder: Interceptor = {
    run(operation, attributes, inputs) {
      const [name] = operation;
      const node = `${name.replace(/^_+/, "")}${calls.length}`;
      const earlier = new Set<string>();
      for (const input of inputs) {
        if (input.dtype !== DTYPE.resource) continue;
        const reads = name === "ReadVariableOp";
        const access = accessOf(input, !reads);
        if (access.write !== undefined) earlier.add(access.write);
        if (reads) access.reads.push(node);
        else {
          for (const read of access.reads) earlier.add(read);
          access.reads = [];
          access.write = node;
        }
      }
      const sources = inputs.map(sourceOf);
      nodes.push({
        name: node,
        operation: name,
        inputs: [
          ...sources.map((source) => source.name),
          ...Array.from(earlier, (each) => `^${each}`),
        ],
        attributes,
      });
      const results = intercept(undefined, () => run(operation, attributes, inputs));
      const outputs = results.map(symbolic);
      results.forEach(({ id }, i) => {
        known.set(id, { name: `${node}:${i}`, symbol: outputs[i]?.id ?? NaN });
      });
      const ids = sources.map(({ symbol }) => symbol);
      calls.push({ kind: "operation", name, attributes, inputs: ids, outputs });
      return results;
    },
    upload(values, shape) {
      const tensor = intercept(undefined, () => upload(values, shape));
      const name = `upload${uploads.length}`;
      const symbol = symbolic(tensor);
      placeholder(name, tensor);
      uploads.push(name);
      known.set(tensor.id, { name, symbol: symbol.id });
      calls.push({ kind: "upload", tensor: symbol });
      uploaded.push(intercept(undefined, () => keep(upload(values.slice(), shape))));
      return tensor;
    },
  };

  const expected = new Map<Variable, NativeTensor>();
  const written = () =>
    [...variables.values()].flatMap(({ variable, before }) =>
      before === undefined ? [] : [{ variable, before }],
    );
  let graph: Graph | undefined;
  let succeeded = false;
  try {
    intercept(recorder, step);
    for (const { variable, before } of written()) {
      expected.set(variable, keep(variable.read()));
      variable.set(before);
    }
    graph = loadGraph({
      nodes,
      variables: [...variables.keys()],
      written: new Set(expected.keys()),
      placeholders: [...uploads, ...outside.keys()],
      last: [...variables.values()].flatMap(({ write }) => write ?? []),
    });
    const recording = { calls, outside: [...outside.values()], graph };
    graph.run([...uploaded, ...recording.outside]);
    succeeded = written().every(({ variable, before }) => {
      const wanted = expected.get(variable);
      return wanted !== undefined && isNear(variable, before, wanted);
    });
    return succeeded ? recording : undefined;
  } catch {
    // This build of TensorFlow cannot run the graph, or the step failed and will fail again.
    return undefined;
  } finally {
    if (!succeeded) {
      graph?.dispose();
      for (const { variable, before } of written()) variable.set(before);
    }
    dispose(...uploaded, ...expected.values(), ...written().map(({ before }) => before));
  }
}

/** The operations of a step on a variable so far, by the names of their nodes. */
interface Access {
  readonly variable: Variable;
  /** Those that read it since it was written last. */
  reads: string[];
  /** The one that wrote it last. */
  write: string | undefined;
  /** Its value before the first write. */
  before: NativeTensor | undefined;
}

/**
 * Largest difference between the change of a variable by the graph and by single operations, as a
 * share of the change. Usually the changes are equal; the sums of some operations, such as the
 * gradient of a bias, have another order in a graph. A wrong graph differs by much more.
 */
const TOLERANCE = 0.1;

/** Whether a variable has about the value `wanted`, which was `before` before the step. */
function isNear(variable: Variable, before: NativeTensor, wanted: NativeTensor): boolean {
  const [start, end] = [download(before), download(wanted)];
  let difference = 0;
  let change = 0;
  variable.values().forEach((value, i) => {
    difference += (value - (end[i] ?? NaN)) ** 2;
    change += ((end[i] ?? NaN) - (start[i] ?? NaN)) ** 2;
  });
  return Math.sqrt(difference) <= TOLERANCE * Math.sqrt(change);
}

/** The step differs from the recorded one. */
class DifferentStep extends Error {}

/**
 * Runs a step as the recorded graph.
 *
 * @returns false if the step differs from the recorded one; nothing has happened then.
 */
function repeat({ calls, outside, graph }: Recording, step: () => void): boolean {
  const feeds: NativeTensor[] = [];
  let at = 0;
  const repeater: Interceptor = {
    run([name], attributes, inputs) {
      const call = calls[at++];
      const isSame =
        call?.kind === "operation" &&
        call.name === name &&
        call.inputs.length === inputs.length &&
        call.inputs.every((id, i) => id === inputs[i]?.id) &&
        areSame(call.attributes, attributes);
      if (!isSame) throw new DifferentStep();
      return call.outputs;
    },
    upload(values, shape) {
      const call = calls[at++];
      const tensor = intercept(undefined, () => keep(upload(values, shape)));
      feeds.push(tensor);
      const isSame =
        call?.kind === "upload" &&
        call.tensor.dtype === tensor.dtype &&
        String(call.tensor.shape) === String(shape);
      if (!isSame) throw new DifferentStep();
      return call.tensor;
    },
  };
  try {
    intercept(repeater, step);
    if (at !== calls.length) return false;
    graph.run([...feeds, ...outside]);
    return true;
  } catch (error) {
    if (error instanceof DifferentStep) return false;
    throw error;
  } finally {
    dispose(...feeds);
  }
}

function areSame(recorded: readonly Attribute[], attributes: readonly Attribute[]): boolean {
  if (recorded === attributes) return true;
  return (
    recorded.length === attributes.length &&
    recorded.every(({ name, value }, i) => {
      const other = attributes[i];
      return (
        name === other?.name && (value === other.value || String(value) === String(other.value))
      );
    })
  );
}
