/**
 * The header before the pixels of a picture that a page's own camera took.
 *
 * The pixels are not compressed: page and server run on one machine, where compression would take
 * longer than sending.
 *
 * Bytes, integers little-endian: 0 index in `CAMERA_FORMATS`; 1 flags, bit 0 `fullRange`, bit 1
 * `bt709`; 2–3 width; 4–5 height; 6–7 zero; 8–11 number.
 */
export interface CameraHeader {
  /** As WebCodecs defines it, without padding; `I420` and `NV12` need an even width and height. */
  readonly format: CameraFormat;
  /** True if luma ranges from 0 to 255, false if from 16 to 235. Unused for RGBA. */
  readonly fullRange: boolean;
  /** True if colours are converted by BT.709, false if by BT.601. Unused for RGBA. */
  readonly bt709: boolean;
  /** In pixels, 1–4096. */
  readonly width: number;
  /** In pixels, 1–4096. */
  readonly height: number;
  /** The page's own number of the picture, 0–2³²−1; the server sends it back with the result. */
  readonly number: number;
}

const CAMERA_FORMATS = ["I420", "NV12", "RGBA"] as const;
type CameraFormat = (typeof CAMERA_FORMATS)[number];

/** Length of the header in bytes. */
export const CAMERA_HEADER = 12;
/** The longest width or height of a picture, in pixels. */
const MAX_SIDE = 4096;

/** The length of a picture's pixels in bytes, without the header. */
export function cameraBytes({
  format,
  width,
  height,
}: Pick<CameraHeader, "format" | "width" | "height">): number {
  return format === "RGBA" ? 4 * width * height : 1.5 * width * height;
}

/** Writes the header into the first `CAMERA_HEADER` bytes of `to`. */
export function writeCameraHeader(header: CameraHeader, to: DataView): void {
  to.setUint8(0, CAMERA_FORMATS.indexOf(header.format));
  to.setUint8(1, Number(header.fullRange) | (Number(header.bt709) << 1));
  to.setUint16(2, header.width, true);
  to.setUint16(4, header.height, true);
  to.setUint16(6, 0, true);
  to.setUint32(8, header.number, true);
}

/**
 * Reads the header of a message.
 *
 * @param bytes the whole message: header and pixels.
 * @returns undefined if the message is malformed: unknown format, a side out of range, or a number of
 * pixels that does not match the length of the message.
 */
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
  if (Math.max(header.width, header.height) > MAX_SIDE) return undefined;
  return cameraBytes(header) === bytes.length - CAMERA_HEADER ? header : undefined;
}
