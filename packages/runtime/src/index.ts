export { MienError } from "@mien/format";
export type {
  DepthMap,
  ErrorCode,
  FaceResult,
  Frame,
  FrameResult,
  ModelInput,
  ModelMetadata,
  NamedTensor,
  PixelValues,
  RawImage,
  RejectedBox,
} from "@mien/format";
export { overlap, type Box } from "./image/box.ts";
export type { ThresholdEstimate } from "./people/recognition-threshold.ts";
export { createSmoother, resolveConfirmation } from "./expression/confirmation.ts";
export type {
  Confirmation,
  ConfirmationOptions,
  Confirmed,
  Smoother,
} from "./expression/confirmation.ts";
export { drawFaces, type DrawingContext } from "./draw-faces.ts";
export type { FrameStream } from "./frame-stream.ts";
export { DEPTH_GATE, measureRelief, type Relief } from "./depth/depth-gate.ts";
export type { Detection } from "./detect/detector-kinds.ts";
export * from "./expression/expression-classifier.ts";
export { enrol, type Enrolment, type EnrolmentInput } from "./people/enrol.ts";
export {
  FaceDetector,
  type DetectorOptions,
  type RejectedDetection,
} from "./detect/face-detector.ts";
export { EXPRESSION_MARGIN, regionOf, type Margin } from "./image/face-region.ts";
export { chiSquare, lbphHistogram, type GreyImage, type LbphOptions } from "./people/lbph.ts";
export { loadOnnxruntime } from "./session/onnxruntime.ts";
export type { ModelSource, Onnxruntime } from "./session/ort.ts";
export { People, type Match, type PeopleOptions } from "./people/people.ts";
export type { Person } from "./people/person.ts";
export type { FrameDetections, RecordedFrame } from "./stages/recorded-frame.ts";
export { crop } from "./image/crop.ts";
export { createPipeline, type FrameProcessor, type Pipeline } from "./pipeline.ts";
export type { ProcessOptions, RunOptions } from "./process-options.ts";
export type { PipelineOptions } from "./pipeline-options.ts";
export { pipelineSettings, type PipelineSettings } from "./pipeline-settings.ts";
export { recognitionSettings } from "./recognition-settings.ts";
export type {
  BooleanSetting,
  DefaultByDetector,
  NumberSetting,
  OptionsOf,
  ResolvedOptions,
  Setting,
  SettingsTable,
  SettingValue,
  StringSetting,
} from "./setting.ts";
export { rgbFromRgba, type RgbaImage } from "./image/rgb-from-rgba.ts";
export { createLbph, openEmbedding, type Recogniser } from "./people/recogniser.ts";
export type { DownloadOptions, DownloadProgress } from "./session/download-options.ts";
export type { SessionOptions, SessionFiles } from "./session/session-options.ts";
export type { FrameInput, Picture } from "./image/picture.ts";
export type { PictureFile } from "./image/decoded-file.ts";
export type {
  CanvasOfLibrary,
  DecodedBySharp,
  DrawablePicture,
  PictureSource,
} from "./image/picture-source.ts";
export type { InBrowser } from "./image/in-browser.ts";
export type { PipelineFace, PipelineResult } from "./pipeline-result.ts";
export { Tracker, type Track, type TrackerOptions } from "./track/tracker.ts";
export { decodePerson, encodePerson } from "./people/person-file.ts";
export { deletePerson, hasPersonFile, loadPeople, savePerson } from "#person-folder";
export type { DamagedPerson } from "./people/person-folder.ts";
export { type OnnxModel, openOnnx, runOnnx } from "./session/run-onnx.ts";
