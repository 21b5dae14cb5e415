// The package in a browser, which has no folders.
export * from "./parts.ts";
export { readModel as readLayersModel } from "./read/read-model.ts";
