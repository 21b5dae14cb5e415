export { convertLayersModel, type ConvertOptions } from "@mien/tfjs-to-onnx";
export { readLayersModel, type LayersModel } from "@mien/tfjs-to-onnx";
export type { Weight } from "@mien/tfjs-to-onnx";
