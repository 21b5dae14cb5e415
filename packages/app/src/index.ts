export { analyzeFrames, type Analysis, type AnalysisOutputs } from "./analyze/analyze-frames.ts";
export { findFaceModel } from "./face-models.ts";
