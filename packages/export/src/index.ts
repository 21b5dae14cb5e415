export { convertLayersModel, type ConvertOptions } from "./convert/convert.ts";
export { readLayersModel, type LayersModel } from "./convert/layers-model.ts";
export type { Weight } from "./convert/weight-files.ts";
