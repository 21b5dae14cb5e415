export { MienError } from "@mien/format";
export type {
  DepthMap,
  ErrorCode,
  FaceResult,
  Frame,
  FrameResult,
  ModelInput,
  ModelMetadata,
  RawImage,
  RejectedBox,
} from "@mien/format";
export { overlap, type Box } from "./image/box.ts";
export type { Calibration } from "./people/recognition-threshold.ts";
export { createSmoother, resolveConfirmation } from "./expression/confirmation.ts";
export type {
  Confirmation,
  ConfirmationOptions,
  Confirmed,
  Smoother,
} from "./expression/confirmation.ts";
export { judgeRelief, type Relief } from "./depth/depth-gate.ts";
export type { Detection } from "./detect/detector-kinds.ts";
export * from "./expression/expression-classifier.ts";
export { enrol, type Enrolment } from "./people/enrol.ts";
export { FaceDetector, type DetectorOptions, type Dropped } from "./detect/face-detector.ts";
export { EXPRESSION_MARGIN, regionOf, type Margin } from "./image/face-region.ts";
export { chiSquare, lbphHistogram, type GreyImage, type LbphOptions } from "./people/lbph.ts";
export { loadOnnxruntime } from "./session/onnxruntime.ts";
export type { ModelSource, Onnxruntime } from "./session/ort.ts";
export { People, type Match, type PeopleOptions, type Person } from "./people/people.ts";
export { cut } from "./image/picture.ts";
export { createPipeline, type FrameInput, type Pipeline, type ProcessOptions } from "./pipeline.ts";
export type { PipelineOptions } from "./pipeline-options.ts";
export { rgbFromRgba, type RgbaImage } from "./image/rgb-from-rgba.ts";
export { createLbph, openEmbedding, type Recogniser } from "./people/recogniser.ts";
export type { SessionChoices } from "./session/session-choices.ts";
export type { Picture } from "./image/shrink.ts";
export { Tracker, type Track, type TrackerOptions } from "./track/tracker.ts";
export { decodePerson, encodePerson } from "./people/person-file.ts";
export { deletePerson, loadPeople, savePerson } from "#person-folder";
export type { DamagedPerson } from "./people/person-folder.ts";
export { type OnnxModel, openOnnx, runOnnx } from "./session/run-onnx.ts";
