/**
 * What stands before the pixels when a page sends a picture of its own camera.
 *
 * Pixels go as they are: the way is within one machine, where packing them would cost more than
 * sending them.
 */
export interface CameraHeader {
  /** `I420` and `NV12` as WebCodecs defines them, without padding, of even width and height. */
  readonly format: CameraFormat;
  /** Whether luma goes from 0 to 255, rather than from 16 to 235. Of no meaning for RGBA. */
  readonly fullRange: boolean;
  /** Whether colours are those of BT.709, rather than of BT.601. Of no meaning for RGBA. */
  readonly bt709: boolean;
  readonly width: number;
  readonly height: number;
  /** The page's own number of the picture; comes back with its result. */
  readonly number: number;
}

export const CAMERA_FORMATS = ["I420", "NV12", "RGBA"] as const;
export type CameraFormat = (typeof CAMERA_FORMATS)[number];

/** Bytes before the pixels. */
export const CAMERA_HEADER = 12;
/** The longest side of a picture, in pixels. */
const MOST_SIDE = 4096;

/** How many bytes of pixels a picture has. */
export function cameraBytes({ format, width, height }: CameraHeader): number {
  return format === "RGBA" ? 4 * width * height : 1.5 * width * height;
}

export function writeCameraHeader(header: CameraHeader, to: DataView): void {
  to.setUint8(0, CAMERA_FORMATS.indexOf(header.format));
  to.setUint8(1, Number(header.fullRange) | (Number(header.bt709) << 1));
  to.setUint16(2, header.width, true);
  to.setUint16(4, header.height, true);
  to.setUint16(6, 0, true);
  to.setUint32(8, header.number, true);
}

/** @returns undefined if these bytes are no picture. */
export function readCameraHeader(bytes: Uint8Array): CameraHeader | undefined {
  if (bytes.length <= CAMERA_HEADER) return undefined;
  const from = new DataView(bytes.buffer, bytes.byteOffset, CAMERA_HEADER);
  const format = CAMERA_FORMATS[from.getUint8(0)];
  if (format === undefined) return undefined;
  const header: CameraHeader = {
    format,
    fullRange: (from.getUint8(1) & 1) !== 0,
    bt709: (from.getUint8(1) & 2) !== 0,
    width: from.getUint16(2, true),
    height: from.getUint16(4, true),
    number: from.getUint32(8, true),
  };
  const isEven = header.width % 2 === 0 && header.height % 2 === 0;
  if (format !== "RGBA" && !isEven) return undefined;
  if (Math.max(header.width, header.height) > MOST_SIDE) return undefined;
  return cameraBytes(header) === bytes.length - CAMERA_HEADER ? header : undefined;
}
