import { MienError } from "@mien/format";
import { fields } from "./protobuf-fields.ts";
import { ProtoMessage } from "./protobuf.ts";

// Field numbers of ModelProto, GraphProto, NodeProto and ValueInfoProto.
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_OUTPUT = 12;
const NODE_OUTPUT = 2;
const NODE_OP = 4;
const VALUE_NAME = 1;

/** A node of an ONNX file. */
interface ReadNode {
  readonly op: string;
  /** Names of its outputs. */
  readonly outputs: readonly string[];
}

/**
 * Reads the nodes of an ONNX file, in order.
 *
 * @throws {MienError} `bad-model` if the bytes are not an ONNX file.
 */
export function readNodes(model: Uint8Array): ReadNode[] {
  const nodes: ReadNode[] = [];
  for (const node of fields(graphOf(model))) {
    if (node.number !== GRAPH_NODE || node.value === undefined) continue;
    const inner = [...fields(node.value)];
    const texts = (number: number) =>
      inner
        .filter((field) => field.number === number && field.value !== undefined)
        .map((field) => new TextDecoder().decode(field.value));
    nodes.push({ op: texts(NODE_OP)[0] ?? "", outputs: texts(NODE_OUTPUT) });
  }
  return nodes;
}

/**
 * Replaces a model's outputs by values inside its graph.
 *
 * @param names of values that its nodes produce.
 * @throws {MienError} `bad-model` if it is no ONNX file.
 */
export function exposeValues(model: Uint8Array, names: readonly string[]): Uint8Array {
  const graph = copyWithout(graphOf(model), GRAPH_OUTPUT);
  // The engine infers their types.
  for (const name of names) graph.message(GRAPH_OUTPUT, new ProtoMessage().text(VALUE_NAME, name));
  return copyWithout(model, MODEL_GRAPH).message(MODEL_GRAPH, graph).toBytes();
}

function graphOf(model: Uint8Array): Uint8Array {
  for (const { number, value } of fields(model)) {
    if (number === MODEL_GRAPH && value !== undefined) return value;
  }
  throw new MienError("bad-model", "the file is not an ONNX model: it holds no graph");
}

function copyWithout(bytes: Uint8Array, field: number): ProtoMessage {
  const copy = new ProtoMessage();
  for (const { number, raw } of fields(bytes)) if (number !== field) copy.raw(raw);
  return copy;
}
