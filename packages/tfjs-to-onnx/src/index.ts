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
export { type LayersModel, readLayersModel } from "./read/layers-model.ts";
export { readWeights, type Weight } from "./read/weight-files.ts";
export { toHalf } from "./rewrite/half.ts";
export { quantize, quantizedValues, type Range } from "./rewrite/quantize.ts";
