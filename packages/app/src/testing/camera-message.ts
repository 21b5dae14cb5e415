import { CAMERA_HEADER, writeCameraHeader } from "@mien/web";

/** What a page's camera sends: a header, and RGBA pixels that need not fit it. */
export function cameraMessage(
  picture: { readonly width: number; readonly height: number; readonly number: number },
  rgba: Uint8Array,
): Buffer {
  const message = Buffer.alloc(CAMERA_HEADER + rgba.length);
  writeCameraHeader(
    { format: "RGBA", fullRange: true, bt709: false, ...picture },
    new DataView(message.buffer, message.byteOffset),
  );
  message.set(rgba, CAMERA_HEADER);
  return message;
}
