/** One picture of a camera or a file, from a source to the runtime. */
export interface Frame {
  /** 0 for the first frame of its source; dropped frames leave gaps. */
  readonly index: number;
  /** Milliseconds since the source was opened; for a video file, since the beginning of the file. */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3] row-major. Neither the source nor its user may change them. */
  readonly pixels: Uint8Array;
  /** Present only if the source has a depth camera. */
  readonly depth?: DepthMap;
  /** Path of the picture; present only for image files. */
  readonly path?: string;
}

/** A depth image that is registered to the colour image: both show the same scene point for point. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  /** Distance along the camera's axis in millimetres [height, width]; 0 where it is unknown. */
  readonly millimetres: Uint16Array;
  /**
   * Focal length f of the colour camera, in pixels of this map: an object that is w metres wide and Z
   * metres away is w · f / Z pixels wide.
   */
  readonly focalLength: number;
}
