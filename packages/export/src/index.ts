export { convertLayersModel, type ConvertOptions } from "./convert/convert.ts";
export { readLayersModel, type LayersModel, type Weight } from "./convert/layers-model.ts";
