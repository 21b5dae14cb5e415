// Frames from webcams, Kinects, streams, videos and images.
export { openSource } from "./open-source.ts";
export { findFilms } from "./images/find-films.ts";
export { sourceState } from "./source-state.ts";
export { parseSource } from "./parse-source.ts";
export type { PictureSize, Source, SourceNotice } from "./source/source.ts";
export { SourceWarnings } from "./source/source-warnings.ts";
export { decodeImage } from "./images/decode-image.ts";

// What this machine has.
export { findFfmpeg } from "./ffmpeg/ffmpeg.ts";
export { listWebcams } from "./ffmpeg/webcam.ts";
export { findLibfreenect } from "./kinect/libfreenect-paths.ts";
export { probeKinect } from "./kinect/probe-kinect.ts";
export { explainKinect, MODULE_REMEDY, UDEV_REMEDY } from "./kinect/kinect-errors.ts";

// Kinect recordings: made from a Kinect, from a synthetic scene, or from a shorter recording.
export { readRecording } from "./kinect/recording.ts";
export { recordKinect } from "./recording/record-kinect.ts";
export { repeatRecording } from "./recording/repeat-recording.ts";
export { drawFaces, hashFaces, readFaces, type FaceTexture } from "./recording/face-textures.ts";
export { renderPerson } from "./recording/render-person.ts";
export type { SceneName, TrueFace } from "./recording/scenes.ts";
export {
  FRAMES_PER_SECOND,
  SYNTHESIS_CODE,
  synthesizeRecording,
  TRUTH,
  type Truth,
} from "./recording/synthesize.ts";

// The cost of a source.
export { measureSource, type SourceCost } from "./benchmark/measure-source.ts";
