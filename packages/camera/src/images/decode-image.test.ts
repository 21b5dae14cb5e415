import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { random, type RawImage } from "@mien/format";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage } from "./decode-image.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-decode-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function decode(bytes: Uint8Array | string): Promise<RawImage> {
  const file = path.join(folder, "picture.bin");
  await writeFile(file, bytes);
  return decodeImage(file);
}

const LEFT = [200, 120, 40];
const RIGHT = [20, 60, 90];

/** 16×8, the left half in one colour, the right half in another. */
function twoHalves() {
  const pixels = Array.from({ length: 16 * 8 }, (_, i) => (i % 16 < 8 ? LEFT : RIGHT)).flat();
  return sharp(Uint8Array.from(pixels), { raw: { width: 16, height: 8, channels: 3 } });
}

function pixel({ width, channels, data }: RawImage, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return Array.from(data.subarray(at, at + channels));
}

function expectColour(found: number[], expected: number[], tolerance: number) {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance);
  });
}

describe("an image is decoded", () => {
  it.each([
    ["PNG", () => twoHalves().png(), 0],
    ["a palette PNG", () => twoHalves().png({ palette: true }), 1],
    ["JPEG", () => twoHalves().jpeg({ quality: 95 }), 8],
    ["progressive JPEG", () => twoHalves().jpeg({ quality: 95, progressive: true }), 8],
    ["WebP", () => twoHalves().webp({ lossless: true }), 0],
    ["GIF", () => twoHalves().gif(), 1],
    ["TIFF", () => twoHalves().tiff({ compression: "lzw" }), 0],
    ["AVIF", () => twoHalves().avif({ quality: 90 }), 8],
    ["CMYK JPEG", () => twoHalves().toColourspace("cmyk").jpeg({ quality: 95 }), 25],
    ["16-bit PNG", () => twoHalves().toColourspace("rgb16").png(), 1],
  ] as const)("from %s, in RGB", async (_, encode, tolerance) => {
    const image = await decode(await encode().toBuffer());
    expect(image).toMatchObject({ width: 16, height: 8, channels: 3 });
    expect(image.data).toHaveLength(16 * 8 * 3);
    expectColour(pixel(image, 2, 4), LEFT, tolerance);
    expectColour(pixel(image, 13, 4), RIGHT, tolerance);
  });

  it("from grey, 8 and 16 bits, with three equal channels", async () => {
    const grey = sharp(Uint8Array.of(0, 77, 128, 255), {
      raw: { width: 4, height: 1, channels: 1 },
    });
    for (const space of ["b-w", "grey16"]) {
      const image = await decode(await grey.clone().toColourspace(space).png().toBuffer());
      expect(Array.from(image.data)).toEqual([0, 0, 0, 77, 77, 77, 128, 128, 128, 255, 255, 255]);
    }
  });

  it("with transparent parts on white", async () => {
    const rgba = Uint8Array.of(10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128);
    const png = await sharp(rgba, { raw: { width: 3, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const image = await decode(png);
    expect(image.channels).toBe(3);
    expect(Array.from(image.data)).toEqual([10, 20, 30, 255, 255, 255, 127, 127, 127]);
  });

  it.each([
    [1, 16, 8, "left"],
    [2, 16, 8, "right"],
    [3, 16, 8, "right"],
    [4, 16, 8, "left"],
    [5, 8, 16, "top"],
    [6, 8, 16, "top"],
    [7, 8, 16, "bottom"],
    [8, 8, 16, "bottom"],
  ] as const)("as EXIF orientation %i says", async (...[orientation, width, height, side]) => {
    const jpeg = await twoHalves().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const image = await decode(jpeg);
    expect(image).toMatchObject({ width, height });
    const places = { left: [1, 4], right: [14, 4], top: [4, 1], bottom: [4, 14] } as const;
    const [x, y] = places[side];
    expectColour(pixel(image, x, y), LEFT, 8);
    expectColour(pixel(image, width - 1 - x, height - 1 - y), RIGHT, 8);
  });

  it("from an animation, its first frame only", async () => {
    const frames = await Promise.all(
      ["#ff0000", "#00ff00"].map((background) =>
        sharp({ create: { width: 6, height: 4, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif({ loop: 0 })
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    const image = await decode(gif);
    expect(image).toMatchObject({ width: 6, height: 4 });
    expectColour(pixel(image, 3, 2), [255, 0, 0], 3);
  });

  it("however small it is", async () => {
    const background = { r: 9, g: 8, b: 7 };
    const one = sharp({ create: { width: 1, height: 1, channels: 3, background } });
    expect(await decode(await one.png().toBuffer())).toMatchObject({
      width: 1,
      height: 1,
      data: Buffer.from([9, 8, 7]),
    });
  });
});

describe("an image is refused", () => {
  const kinds = "JPEG, PNG, WebP, GIF, TIFF or AVIF";

  it("when it is empty, or no image", async () => {
    await expect(decode("")).rejects.toMatchObject({
      code: "bad-image",
      message: expect.stringMatching(/picture\.bin is empty \(0 bytes\)$/) as string,
    });
    for (const bytes of ["emotion,pixels\n3,70 80 82", Buffer.alloc(5000, 7), "<html></html>"]) {
      await expect(decode(bytes)).rejects.toMatchObject({
        code: "bad-image",
        message: expect.stringContaining(`is no ${kinds} image, or is cut off`) as string,
      });
    }
  });

  it("when it is a vector graphic", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>`;
    await expect(decode(svg)).rejects.toThrow(/is SVG; only JPEG/);
  });

  it("when it is a phone's HEIC, with what to do about it", async () => {
    const start = Buffer.from("....ftypheic....mif1heic", "latin1");
    await expect(decode(start)).rejects.toThrow(/is HEIC, which cannot be read; save it as JPEG/);
  });

  it("when it is cut off or damaged", async () => {
    const stream = random(1, "noise");
    const pixels = Uint8Array.from({ length: 200 * 200 * 3 }, () => stream.integer(256));
    const noise = sharp(pixels, { raw: { width: 200, height: 200, channels: 3 } });
    for (const format of ["jpeg", "png", "webp", "gif", "tiff", "avif"] as const) {
      const bytes = await noise.clone()[format]().toBuffer();
      await decode(bytes);
      for (const share of [0.02, 0.5, 0.98]) {
        await expect(
          decode(bytes.subarray(0, Math.floor(bytes.length * share))),
        ).rejects.toMatchObject({
          code: "bad-image",
          message: expect.stringMatching(/cut off( \([^\n]+\))?$/) as string,
        });
      }
    }
    const png = await noise.clone().png().toBuffer();
    png.fill(0x55, 60_000, 60_500);
    await expect(decode(png)).rejects.toMatchObject({ code: "bad-image" });
  });

  it("when it claims more than 100 megapixels, before any is unpacked", async () => {
    const png = await twoHalves().png().toBuffer();
    const claim = async (width: number, height: number) => {
      // The header chunk: length 13, "IHDR", width, height, 5 more bytes, checksum.
      png.writeUInt32BE(width, 16);
      png.writeUInt32BE(height, 20);
      png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
      return decode(png);
    };
    await expect(claim(30_000, 20_000)).rejects.toMatchObject({
      code: "bad-image",
      message: expect.stringContaining(
        "has 30000×20000 pixels; at most 100 megapixels can be read",
      ) as string,
    });
    await expect(claim(2_000_000_000, 2_000_000_000)).rejects.toMatchObject({ code: "bad-image" });
  });

  it("when the file is not there or is a folder", async () => {
    for (const file of [path.join(folder, "none.png"), folder]) {
      await expect(decodeImage(file)).rejects.toMatchObject({ code: "missing-file" });
    }
  });
});
