import { spawnSync } from "node:child_process";
import { MienError } from "@mien/format";
import { CAMERA_HEADER, writeCameraHeader, type CameraHeader } from "@mien/web";
import { describe, expect, it } from "vitest";
import { withoutFfmpeg } from "@mien/camera/testing/tools";
import { readCameraPicture } from "./camera-picture.ts";

const HEADER: CameraHeader = {
  format: "I420",
  fullRange: false,
  bt709: false,
  width: 64,
  height: 48,
  number: 7,
};

function message(header: Partial<CameraHeader>, pixels: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CAMERA_HEADER + pixels.length);
  writeCameraHeader({ ...HEADER, ...header }, new DataView(bytes.buffer));
  bytes.set(pixels, CAMERA_HEADER);
  return bytes;
}

/** ffmpeg's test picture of 64×48 after a filter, as raw bytes. */
function ffmpeg(filter: string, format: string): Buffer {
  const { stdout } = spawnSync("ffmpeg", [
    "-v",
    "error",
    "-f",
    "lavfi",
    "-i",
    `testsrc2=size=64x48:rate=1,${filter}`,
    "-frames:v",
    "1",
    "-f",
    "rawvideo",
    "-pix_fmt",
    format,
    "pipe:1",
  ]);
  return stdout;
}

/** Whether a pixel is in the middle of its patch of 8×8. */
function isInside(at: number): boolean {
  return [at % 64, Math.floor(at / 64)].every((place) => place % 8 === 3 || place % 8 === 4);
}

describe("a picture of a page's camera", () => {
  it.skipIf(withoutFfmpeg).each([
    { format: "I420", raw: "yuv420p", matrix: "bt601", range: "tv" },
    { format: "I420", raw: "yuv420p", matrix: "bt709", range: "tv" },
    { format: "I420", raw: "yuv420p", matrix: "bt601", range: "pc" },
    { format: "NV12", raw: "nv12", matrix: "bt601", range: "tv" },
  ] as const)(
    "has the colours that ffmpeg decodes: $format, $raw, $matrix, $range range",
    ({ format, raw, matrix, range }) => {
      // Large patches of one colour, since chroma is interpolated differently.
      const to = `scale=8:6,format=rgb24,scale=64:48:flags=neighbor,format=rgb24`;
      const yuv = `scale=out_color_matrix=${matrix}:out_range=${range},format=${raw}`;
      const expected = ffmpeg(to, "rgb24");
      const { pixels, number } = readCameraPicture(
        message(
          { format, fullRange: range === "pc", bt709: matrix === "bt709" },
          ffmpeg(`${to},${yuv}`, raw),
        ),
      );
      const differences = Array.from(pixels, (p, i) => Math.abs(p - (expected[i] ?? 0)));
      const worst = Math.max(...differences.filter((_, i) => isInside(Math.floor(i / 3))));
      expect(worst).toBeLessThanOrEqual(4);
      expect(number).toBe(7);
    },
  );

  it("may be RGBA; its alpha is dropped", () => {
    const { pixels } = readCameraPicture(
      message(
        { format: "RGBA", width: 1, height: 3 },
        Uint8Array.from({ length: 12 }, (_, i) => i),
      ),
    );
    expect([...pixels]).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 10]);
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["a header alone", message({ width: 0, height: 0 }, new Uint8Array(0))],
    ["fewer pixels than in its header", message({}, new Uint8Array(64 * 48))],
    ["more pixels than in its header", message({}, new Uint8Array(64 * 48 * 2))],
    ["half a pair of chroma", message({ width: 3, height: 2 }, new Uint8Array(9))],
    ["an unknown format", Uint8Array.of(9, ...message({}, new Uint8Array(64 * 72)).slice(1))],
    ["a JPEG", Uint8Array.of(0xff, 0xd8, ...new Uint8Array(500))],
  ])("is rejected if it is %s", (_, bytes) => {
    expect(() => readCameraPicture(bytes)).toThrow(MienError);
  });
});
