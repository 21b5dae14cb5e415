export * from "./parts.ts";
export { readLayersModel, readWeights } from "./read/layers-model.ts";
