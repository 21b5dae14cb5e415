export { readSource } from "./address-file.ts";
export { measureSource, type SourceCost } from "./benchmark/measure-source.ts";
export { killChild, runningChildren, watchChild } from "./child-processes.ts";
export { delay } from "./delay.ts";
export { findFfmpeg } from "./ffmpeg/ffmpeg.ts";
export { listWebcams } from "./ffmpeg/webcam.ts";
export { decodeImage } from "./images/decode-image.ts";
export { findImages, printable } from "./images/find-images.ts";
export { explainKinect, MODULE_REMEDY, UDEV_REMEDY } from "./kinect/kinect-errors.ts";
export { findLibfreenect } from "./kinect/libfreenect-paths.ts";
export { probeKinect } from "./kinect/probe-kinect.ts";
export { openRecording } from "./kinect/recording-source.ts";
export { readRecording } from "./kinect/recording.ts";
export { openSource, SOURCE_KINDS } from "./open-source.ts";
export { drawFaces, hashFaces, type FaceTexture, readFaces } from "./recording/face-textures.ts";
export { recordKinect } from "./recording/record-kinect.ts";
export { repeatRecording } from "./recording/repeat-recording.ts";
export { type SceneName, SCENES, type TrueFace } from "./recording/scenes.ts";
export {
  FRAMES_PER_SECOND,
  SYNTHESIS_CODE,
  synthesizeRecording,
  type Truth,
  TRUTH,
} from "./recording/synthesize.ts";
export { SourceWarnings } from "./source-warnings.ts";
export type { Source, SourceNotice, SourceOptions } from "./source.ts";
