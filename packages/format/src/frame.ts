/** One picture of a camera or a file, as sources hand it on and the runtime takes it. */
export interface Frame {
  /** 0 for the first frame of its source. Frames that were dropped leave gaps. */
  readonly index: number;
  /** Milliseconds since the source was opened; for a file, its own time. */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3] row-major. Not to be changed, nor reused by the source. */
  readonly pixels: Uint8Array;
  /** Where there is a depth camera. */
  readonly depth?: DepthMap;
  /** For a picture in a file or folder: its path. */
  readonly path?: string;
}

/** Depth seen through the eyes of the colour camera: pixel for pixel the same place as the frame. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  /** Distance along the camera's axis in millimetres [height, width]; 0 where it is unknown. */
  readonly millimetres: Uint16Array;
  /** Of the colour camera, in pixels of this map: an object of w metres at Z metres is w · f / Z wide. */
  readonly focalLength: number;
}
