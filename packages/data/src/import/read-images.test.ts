import path from "node:path";
import { crc32 } from "node:zlib";
import { random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/folder.ts";
import { greyPng, writeFiles } from "../testing/image-files.ts";
import { readImages } from "./read-images.ts";

/** Reads files in the order of their names. */
async function read(
  files: Readonly<Record<string, string | Uint8Array>>,
  { side = 8, channels = 1, root }: { side?: number; channels?: 1 | 3; root?: string } = {},
) {
  const folder = root ?? (await temporaryFolder());
  await writeFiles(folder, files);
  const listed = Object.entries(files).map(([file, { length: size }]) => {
    return { file, size, modified: 0, label: 0, usage: 0 };
  });
  const result = await readImages(folder, listed, {
    input: { width: side, height: side, channels },
  });
  const size = side * side * channels;
  const images = result.files.map(({ file }, i) => {
    return [file, Array.from(result.pixels.subarray(i * size, (i + 1) * size))] as const;
  });
  return { ...result, images: Object.fromEntries(images) };
}

/** A picture without symmetry: [height, width, 3], with colours that change slowly. */
function picture(width: number, height: number) {
  const pixels = Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    return [255 * x, 255 * y * (1 - x), 128 + 100 * Math.sin(5 * x + 3 * y)];
  });
  return sharp(Uint8Array.from(pixels.flat()), { raw: { width, height, channels: 3 } });
}

const largestDifference = (a: readonly number[], b: readonly number[]) => {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
};

describe("images", () => {
  it("of the right size keep every grey value, from PNG, TIFF, lossless WebP and 16 bits", async () => {
    const values = Array.from({ length: 64 }, (_, i) => (i * 37) % 256);
    const grey = sharp(await greyPng(values));
    const files = {
      "a.png": await grey.clone().toColourspace("b-w").png().toBuffer(),
      "b.tif": await grey.clone().tiff({ compression: "lzw" }).toBuffer(),
      "c.webp": await grey.clone().webp({ lossless: true }).toBuffer(),
      "d.png": await grey.clone().toColourspace("grey16").png().toBuffer(),
      "e.png": await grey.clone().toColourspace("rgb16").png().toBuffer(),
    };
    expect((await sharp(files["d.png"]).metadata()).depth).toBe("ushort");
    const { images, leftOut, notSquare, enlarged } = await read(files);
    expect({ leftOut, notSquare, enlarged }).toEqual({ leftOut: [], notSquare: 0, enlarged: 0 });
    expect(images).toEqual(Object.fromEntries(Object.keys(files).map((file) => [file, values])));
  });

  it("keep three channels on request, and repeat grey", async () => {
    const colours = Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 11) % 256);
    const raw = { width: 8, height: 8, channels: 3 } as const;
    const files = {
      "grey.png": await greyPng(Array.from({ length: 64 }, (_, i) => 4 * i)),
      "rgb.png": await sharp(Uint8Array.from(colours), { raw }).png().toBuffer(),
    };
    const { images } = await read(files, { channels: 3 });
    expect(images["rgb.png"]).toEqual(colours);
    expect(images["grey.png"]?.slice(0, 9)).toEqual([0, 0, 0, 4, 4, 4, 8, 8, 8]);
  });

  it.skipIf(withoutPython("PIL"))(
    "are what Pillow makes of them: JPEG, EXIF orientation, grey, size",
    async () => {
      const root = await temporaryFolder();
      const files: Record<string, Uint8Array> = {
        "large.png": await picture(300, 300).png().toBuffer(),
        "wide.png": await picture(90, 50).png().toBuffer(),
        "small.png": await picture(7, 5).png().toBuffer(),
        "grey.jpg": await picture(64, 64).toColourspace("b-w").jpeg().toBuffer(),
        "progressive.jpg": await picture(48, 48).jpeg({ progressive: true }).toBuffer(),
      };
      for (let orientation = 1; orientation <= 8; orientation++) {
        const image = picture(48, 48).withMetadata({ orientation });
        files[`exif-${orientation}.jpg`] = await image.jpeg({ quality: 95 }).toBuffer();
      }
      const { images, notSquare, enlarged } = await read(files, { side: 48, root });
      expect({ notSquare, enlarged }).toEqual({ notSquare: 2, enlarged: 1 });
      const script = `
import json, sys
from PIL import Image, ImageOps
result = {}
for name in sys.argv[2:]:
    image = ImageOps.exif_transpose(Image.open(sys.argv[1] + "/" + name)).convert("RGB")
    image = image.resize((48, 48), Image.BILINEAR).convert("L")
    result[name] = list(image.getdata())
print(json.dumps(result))`;
      const expected = runPython(script, { args: [root, ...Object.keys(files)] });
      const differences = Object.entries(expected as Record<string, number[]>).map(
        ([file, values]) => [file, largestDifference(images[file] ?? [], values)] as const,
      );
      expect(differences).toHaveLength(13);
      // Pillow rounds after each of three steps, and another JPEG decoder may round otherwise.
      const differing = differences.filter(([, difference]) => difference > 2);
      expect(differing).toEqual([]);
      // The picture differs in all orientations, so that the comparison can fail.
      expect(
        largestDifference(images["exif-1.jpg"] ?? [], images["exif-6.jpg"] ?? []),
      ).toBeGreaterThan(50);
    },
  );

  it("of CMYK are converted to about the same colours", async () => {
    const cmyk = await picture(48, 48).toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const files = { "cmyk.jpg": cmyk, "rgb.png": await picture(48, 48).png().toBuffer() };
    const { images } = await read(files, { side: 48 });
    const [converted = [], original = []] = [images["cmyk.jpg"], images["rgb.png"]];
    const errors = converted.map((value, i) => Math.abs(value - (original[i] ?? NaN)));
    expect(errors.reduce((sum, error) => sum + error) / errors.length).toBeLessThan(8);
  });

  it("that are animated give their first frame", async () => {
    const flat = (background: string) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toBuffer();
    const frames = await Promise.all(["#646464", "#c8c8c8", "#000000"].map(flat));
    const joined = sharp(frames, { join: { animated: true } });
    const files = {
      "a.gif": await joined.clone().gif().toBuffer(),
      "a.webp": await joined.clone().webp({ lossless: true }).toBuffer(),
    };
    expect((await sharp(files["a.gif"]).metadata()).pages).toBe(3);
    const { images } = await read(files);
    for (const values of Object.values(images)) expect(new Set(values)).toEqual(new Set([100]));
  });

  it("with transparent parts are on white", async () => {
    const raw = { width: 2, height: 2, channels: 4 } as const;
    const rgba = [0, 0, 0, 0, 9, 9, 9, 255, 0, 0, 0, 0, 0, 0, 0, 255];
    const png = await sharp(Uint8Array.from(rgba), { raw }).png().toBuffer();
    expect((await read({ "a.png": png }, { side: 2 })).images["a.png"]).toEqual([255, 9, 255, 0]);
  });
});

describe("files are left out", () => {
  it("with a reason if they are no image or damaged, and the others are read", async () => {
    const good = await greyPng(Array.from({ length: 64 }, (_, i) => i));
    const stream = random(1, "noise");
    const noise = Uint8Array.from({ length: 100 * 100 * 3 }, () => stream.integer(256));
    const raw = { width: 100, height: 100, channels: 3 } as const;
    const jpeg = await sharp(noise, { raw }).jpeg().toBuffer();
    const huge = Buffer.from(good);
    // The header chunk: length 13, "IHDR", width, height, 5 more bytes, checksum.
    huge.writeUInt32BE(30_000, 16);
    huge.writeUInt32BE(20_000, 20);
    huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29);
    const { images, leftOut } = await read({
      "1.png": good,
      "bitmap.bmp": "BM......",
      "cut.jpg": jpeg.subarray(0, jpeg.length / 2),
      "empty.png": "",
      "heic.jpg": "....ftypheic....mif1heic",
      "huge.png": huge,
      "lfs.png": "version https://git-lfs.github.com/spec/v1\noid sha256:0",
      "page.jpg": "<!doctype html><title>404</title>",
      "text.png": "no image at all",
      "vector.png": `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`,
      "z.png": good,
    });
    expect(Object.keys(images)).toEqual(["1.png", "z.png"]);
    expect(images["z.png"]).toEqual(images["1.png"]);
    const reasons = leftOut.map(({ file, reason }) => `${file} ${reason}`);
    expect(reasons).toEqual([
      "bitmap.bmp is BMP; save it as PNG",
      expect.stringMatching(/^cut.jpg is damaged or cut off \(.+\)$/),
      "empty.png is empty (0 bytes)",
      "heic.jpg is HEIC; save it as JPEG",
      "huge.png has 30000×20000 pixels; at most 100 megapixels are read",
      "lfs.png is a Git LFS pointer, no image",
      "page.jpg is a web page (HTML), no image",
      "text.png is no JPEG, PNG, WebP, GIF, TIFF or AVIF image, or is cut off",
      "vector.png is SVG; expected JPEG, PNG, WebP, GIF, TIFF or AVIF",
    ]);
  });

  it("if they disappear while the folder is read", async () => {
    const root = await temporaryFolder();
    const file = { file: "gone.png", size: 9, modified: 0, label: 0, usage: 0 };
    const input = { width: 8, height: 8, channels: 1 };
    const { leftOut } = await readImages(root, [file], { input });
    expect(leftOut).toMatchObject([{ file: "gone.png" }]);
    expect(leftOut[0]?.reason).toMatch(/^cannot be read: ENOENT/);
  });
});

it("images of megapixels are read, and squeezed if they are wide", async () => {
  const root = await temporaryFolder();
  const image = sharp({
    create: { width: 2500, height: 2000, channels: 3, background: "#505050" },
  });
  const png = await image.png().toBuffer();
  const files = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`${i}.png`, png]));
  const { images, notSquare } = await read(files, { side: 8, root: path.join(root, "a") });
  expect(notSquare).toBe(6);
  for (const values of Object.values(images)) expect(new Set(values)).toEqual(new Set([80]));
});
