export { analyzeFrames, type Analysis, type AnalysisOptions } from "./analyze/analyze-frames.ts";
export { findFaceModel } from "./face-models.ts";
