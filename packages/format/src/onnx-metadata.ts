import { MienError } from "./errors.ts";
import { protobufFields } from "./protobuf-fields.ts";

/** Field numbers of ONNX's ModelProto. */
const METADATA_PROPS = 14;
const GRAPH = 7;

/**
 * Reads the `metadata_props` of an ONNX file without loading the model.
 *
 * onnxruntime's JavaScript API does not return them, so mien reads them from the bytes. The graph
 * is skipped, so reading takes microseconds.
 *
 * @param bytes the whole file.
 * @param name of the file in errors.
 * @throws {MienError} `bad-model` if the bytes are not an ONNX model or are cut off.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnxMetadata(bytes: Uint8Array, name: string): Record<string, string> {
  const props: Record<string, string> = {};
  let hasGraph = false;
  for (const field of protobufFields(bytes, name)) {
    if (field.number === GRAPH && field.value instanceof Uint8Array) hasGraph = true;
    if (field.number !== METADATA_PROPS || !(field.value instanceof Uint8Array)) continue;
    const entry = new Map<number, string>();
    for (const { number, value } of protobufFields(field.value, name)) {
      if (value instanceof Uint8Array) entry.set(number, new TextDecoder().decode(value));
    }
    props[entry.get(1) ?? ""] = entry.get(2) ?? "";
  }
  if (!hasGraph) {
    throw new MienError("bad-model", `${name} is not an ONNX model: it contains no graph`);
  }
  return props;
}
