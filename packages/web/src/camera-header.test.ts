import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CAMERA_HEADER,
  cameraBytes,
  readCameraHeader,
  writeCameraHeader,
  type CameraHeader,
} from "./camera-header.ts";

const headers: fc.Arbitrary<CameraHeader> = fc
  .record({
    format: fc.constantFrom("I420", "NV12", "RGBA"),
    fullRange: fc.boolean(),
    bt709: fc.boolean(),
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  })
  .map((header) =>
    header.format === "RGBA"
      ? header
      : { ...header, width: 2 * header.width, height: 2 * header.height },
  );

/** A message with this header; the pixels are zero. */
function messageOf(header: CameraHeader): Uint8Array {
  const bytes = new Uint8Array(CAMERA_HEADER + cameraBytes(header));
  writeCameraHeader(header, new DataView(bytes.buffer));
  return bytes;
}

describe("camera header", () => {
  it("is read as it was written, also from the middle of a buffer", () => {
    fc.assert(
      fc.property(headers, fc.nat(9), (header, offset) => {
        const message = messageOf(header);
        const buffer = new Uint8Array(offset + message.length);
        buffer.set(message, offset);
        expect(readCameraHeader(buffer.subarray(offset))).toEqual(header);
      }),
    );
  });

  it("rejects a message of any other length", () => {
    fc.assert(
      fc.property(headers, fc.nat(), (header, seed) => {
        const message = messageOf(header);
        expect(readCameraHeader(message.subarray(0, seed % message.length))).toBeUndefined();
        expect(readCameraHeader(Uint8Array.from([...message, 0]))).toBeUndefined();
      }),
    );
  });

  it("accepts random bytes only if their length fits the header", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const header = readCameraHeader(bytes);
        expect(header === undefined || CAMERA_HEADER + cameraBytes(header) === bytes.length).toBe(
          true,
        );
      }),
    );
  });

  it.each<[string, Pick<CameraHeader, "format" | "width" | "height">]>([
    ["an odd width of I420", { format: "I420", width: 3, height: 4 }],
    ["an odd height of NV12", { format: "NV12", width: 4, height: 3 }],
    ["a width over 4096", { format: "RGBA", width: 4097, height: 1 }],
    ["a picture without pixels", { format: "RGBA", width: 0, height: 5 }],
  ])("rejects %s", (_, size) => {
    const header = { ...size, fullRange: true, bt709: false, number: 1 };
    expect(readCameraHeader(messageOf(header))).toBeUndefined();
  });

  it("rejects an unknown format", () => {
    const message = messageOf({
      format: "RGBA",
      fullRange: true,
      bt709: true,
      width: 2,
      height: 2,
      number: 0,
    });
    message[0] = 3;
    expect(readCameraHeader(message)).toBeUndefined();
  });
});
