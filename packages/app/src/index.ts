export { analyzeFrames, type Analysis, type AnalysisOutputs } from "./analyze/analyze-frames.ts";
export { findFaceModel } from "./face-models.ts";
export * from "@mien/camera";
export * from "@mien/camera";
export { openSource, SOURCE_KINDS } from "@mien/camera";
export * from "@mien/camera";
