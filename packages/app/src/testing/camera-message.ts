import { CAMERA_HEADER, writeCameraHeader } from "@mien/web";

/** The message of a page's camera: a header, and RGBA pixels, whose number is not checked. */
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
