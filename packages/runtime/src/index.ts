export * from "./expression-classifier.ts";
export type { ModelSource } from "./ort.ts";
