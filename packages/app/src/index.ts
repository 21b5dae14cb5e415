export { analyzeFrames, type Analysis, type AnalysisOutputs } from "./analyze/analyze-frames.ts";
export { findFaceModel } from "./face-models.ts";
export * from "./images/decode-image.ts";
export * from "./images/find-images.ts";
export { openSource, SOURCE_KINDS } from "./sources/open-source.ts";
export * from "./sources/source.ts";
