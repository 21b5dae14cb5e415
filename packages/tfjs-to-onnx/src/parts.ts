// What the package exports for Node as well as for browsers.
export {
  convertLayersModel,
  type ConvertOptions,
  convertToGraph,
  convertWithLayers,
} from "./convert.ts";
export { sizeOf, transpose } from "./graph/array.ts";
export { channelsToFront, GraphBuilder, int64, type Value } from "./graph/graph.ts";
export { decodeOnnxModel } from "./graph/decode-onnx-model.ts";
export {
  encodeOnnxModel,
  FLOAT,
  type Graph,
  type GraphNode,
  OPSETS,
  type Tensor,
} from "./graph/onnx-model.ts";
export { exposeValues, readNodes } from "./graph/read-onnx.ts";
export type {
  FileContent,
  LoadHandler,
  ModelArtifacts,
  ModelFiles,
  ModelSource,
  SavableModel,
  SaveHandler,
} from "./read/model-source.ts";
export type { LayersModel } from "./read/read-model.ts";
export type { Weight } from "./read/weight-files.ts";
export { toHalf } from "./rewrite/half.ts";
export {
  type FloatTensor,
  type GraphTensor,
  measureRanges,
  type OpenedGraph,
} from "./rewrite/quantisation-ranges.ts";
export { quantize, quantizedValues, type Range } from "./rewrite/quantize.ts";
export { convertToInt8, type Int8Options } from "./int8.ts";
export { type OnnxRuntime, openWith } from "./open-with.ts";
