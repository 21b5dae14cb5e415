// Files as values that can be compared: JSON-like data, documents for people, or a hash.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { unzipSync } from "fflate";

/**
 * @typedef {{ kind: "data", data: unknown }} Data compared by keys and values.
 * @typedef {{ kind: "document", data: unknown, text: string }} Document its pictures and the
 *   numbers in its tables are compared as data, its wording as text.
 * @typedef {{ kind: "text", text: string }} Text compared loosely.
 */

/** @param {Uint8Array} bytes */
function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * @param {string} name of the file, whose ending determines its format.
 * @param {Buffer} bytes
 * @returns {Data | Document | Text}
 */
export function decode(name, bytes) {
  const ending = /[^./]+$/.exec(name)?.[0] ?? "";
  try {
    if (ending === "json") return { kind: "data", data: JSON.parse(String(bytes)) };
    if (ending === "jsonl" || name.endsWith("journal.log")) {
      return { kind: "data", data: lines(bytes).map((line) => JSON.parse(line)) };
    }
    if (ending === "csv") return { kind: "data", data: decodeCsv(bytes) };
    if (ending === "html") return decodeHtml(String(bytes));
    if (ending === "md") return decodeMarkdown(String(bytes));
    if (ending === "txt" || ending === "status") return { kind: "text", text: String(bytes) };
    if (ending === "onnx") return { kind: "data", data: decodeOnnx(bytes) };
    if (ending === "zip") return { kind: "data", data: decodeZip(bytes) };
    if (name.includes(".tfevents.")) return { kind: "data", data: decodeEvents(bytes) };
    if (["safetensors", "bin", "person"].includes(ending)) {
      const tensors = decodeSafetensors(bytes);
      if (tensors) return { kind: "data", data: tensors };
    }
  } catch (error) {
    // A file whose content does not match its name is compared by its bytes.
    return { kind: "data", data: { unreadable: String(error), sha256: sha256(bytes) } };
  }
  return { kind: "data", data: { sha256: sha256(bytes) } };
}

/** @param {Buffer} bytes @returns {string[]} */
function lines(bytes) {
  return String(bytes)
    .split("\n")
    .filter((line) => line !== "");
}

/**
 * One object per row, so that columns are compared by name. Quoted line breaks do not occur.
 *
 * @param {Buffer} bytes
 */
function decodeCsv(bytes) {
  const [head = "", ...rows] = lines(bytes);
  // The pixels of a data set are long; a row is compared as a whole.
  return { head, rows };
}

/** @param {string} html @returns {Document} */
function decodeHtml(html) {
  const pictures = [...html.matchAll(/data:image\/[\w+]+;base64,([\w+/=]+)/g)].map(([, base64]) =>
    sha256(Buffer.from(base64 ?? "", "base64")),
  );
  const text = html
    .replace(/data:[\w/+;=,-]+/g, "")
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/<(?:tr|p|h\d|li|div|section|figure)\b/g, "\n$&")
    .replace(/<[^>]+>/g, " ");
  const cells = [...html.matchAll(/<td[^>]*>([\s\S]*?)<\/td>/g)].map(([, cell]) => cell ?? "");
  return { kind: "document", data: { pictures, figures: figures(cells) }, text };
}

/** @param {string} text @returns {Document} */
function decodeMarkdown(text) {
  const cells = lines(Buffer.from(text))
    .filter((line) => line.startsWith("|"))
    .flatMap((line) => line.split("|"));
  return { kind: "document", data: { figures: figures(cells) }, text };
}

/** The cells that hold only a number or a share. @param {string[]} cells */
function figures(cells) {
  return cells
    .map((cell) => cell.replace(/<[^>]+>/g, "").trim())
    .filter((cell) => /^[-+−]?\d[\d.,]*(?:e[-+]?\d+)?(?:\s*%)?$/.test(cell));
}

/** @param {Uint8Array} bytes */
function decodeZip(bytes) {
  const entries = Object.entries(unzipSync(bytes)).map(([name, content]) => {
    const decoded = decode(name, Buffer.from(content));
    return [name, decoded.kind === "text" ? { text: decoded.text } : decoded.data];
  });
  return Object.fromEntries(entries);
}

/** @param {Buffer} bytes @returns {unknown} undefined if the file has another format. */
function decodeSafetensors(bytes) {
  const length = bytes.length < 8 ? 0 : Number(bytes.readBigUInt64LE(0));
  if (length < 2 || length > bytes.length - 8 || bytes[8] !== 0x7b) return undefined;
  const { __metadata__, ...tensors } = JSON.parse(String(bytes.subarray(8, 8 + length)));
  const content = bytes.subarray(8 + length);
  return {
    metadata: __metadata__ && withJson(__metadata__),
    tensors: Object.fromEntries(
      Object.entries(tensors).map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => [name, { dtype, shape, sha256: sha256(content.subarray(from, to)) }],
      ),
    ),
  };
}

/**
 * Metadata in which strings of JSON are replaced by their values.
 *
 * @param {Record<string, unknown>} metadata
 */
function withJson(metadata) {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value !== "string" || !/^[[{]/.test(value)) return [key, value];
      return [key, JSON.parse(value)];
    }),
  );
}

/**
 * @typedef {object} Field of a protobuf message.
 * @property {number} number
 * @property {Buffer | bigint} value bytes, also of fixed-size numbers, or a varint.
 */

/** @param {Buffer} bytes @returns {Field[]} in the order of the file. */
function protobuf(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("a protobuf message ends within a number");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  /** @type {Field[]} */
  const fields = [];
  while (at < bytes.length) {
    const tag = varint();
    const [number, type] = [Number(tag >> 3n), Number(tag & 7n)];
    if (type === 0) {
      fields.push({ number, value: varint() });
      continue;
    }
    const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? Number(varint()) : -1;
    if (length < 0 || at + length > bytes.length) throw new Error("not a protobuf message");
    fields.push({ number, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

/** @param {readonly Field[]} fields @param {number} number @returns {Buffer[]} */
function messages(fields, number) {
  return fields.flatMap((field) =>
    field.number === number && Buffer.isBuffer(field.value) ? [field.value] : [],
  );
}

/** @param {readonly Field[]} fields @param {number} number */
function textOf(fields, number) {
  return String(messages(fields, number)[0] ?? "");
}

/**
 * An ONNX file without the name and version of its producer.
 *
 * @param {Buffer} bytes
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
function decodeOnnx(bytes) {
  const model = protobuf(bytes);
  const graph = protobuf(messages(model, 7)[0] ?? Buffer.alloc(0));
  const hashes = (/** @type {number} */ number, /** @type {number} */ name) =>
    messages(graph, number).map((part) => `${textOf(protobuf(part), name)} ${sha256(part)}`);
  const metadata = messages(model, 14).map((entry) => {
    const fields = protobuf(entry);
    return [textOf(fields, 1), textOf(fields, 2)];
  });
  return {
    irVersion: String(model.find(({ number }) => number === 1)?.value),
    graph: textOf(graph, 2),
    opsets: messages(model, 8).map((opset) => opset.toString("hex")),
    metadata: withJson(Object.fromEntries(metadata)),
    inputs: hashes(11, 1),
    outputs: hashes(12, 1),
    nodes: messages(graph, 1).map((node) => {
      return `${textOf(protobuf(node), 4)} ${textOf(protobuf(node), 3)} ${sha256(node)}`;
    }),
    initializers: hashes(5, 8),
  };
}

/**
 * TensorBoard's events without their wall times.
 *
 * @param {Buffer} bytes
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
 */
function decodeEvents(bytes) {
  const events = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const event = protobuf(bytes.subarray(at + 12, at + 12 + length));
    at += 12 + length + 4;
    const values = messages(event, 5)
      .flatMap((summary) => messages(protobuf(summary), 1))
      .map((bytes) => {
        const value = protobuf(bytes);
        return [textOf(value, 1), messages(value, 2)[0]?.readFloatLE(0) ?? null];
      });
    events.push({
      step: String(event.find(({ number }) => number === 2)?.value ?? 0),
      version: textOf(event, 3),
      values: Object.fromEntries(values),
    });
  }
  return events;
}
