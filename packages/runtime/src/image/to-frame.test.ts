import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { createCanvas, ImageData } from "@napi-rs/canvas";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Drawing } from "./drawing.ts";
import type { PictureSource } from "./picture-source.ts";
import { toFrame } from "./to-frame.ts";

const WIDTH = 5;
const HEIGHT = 3;
const size = { width: WIDTH, height: HEIGHT };
/** Every pixel has a colour of its own. */
const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 37) % 256);
const count = WIDTH * HEIGHT;
const perPixel = (channels: (red: number, green: number, blue: number) => number[]) =>
  Uint8Array.from(
    Array.from({ length: count }, (_, i) => {
      const [red = 0, green = 0, blue = 0] = rgb.subarray(3 * i);
      return channels(red, green, blue);
    }).flat(),
  );
const rgba = perPixel((red, green, blue) => [red, green, blue, 255]);
const grey = perPixel((red) => [red]);
const greyAsRgb = perPixel((red) => [red, red, red]);
const raw = (channels: 1 | 2 | 3 | 4) => ({ raw: { ...size, channels } });
const png = await sharp(rgb, raw(3)).png().toBuffer();

/** The frame of a picture. */
const frameOf = async (source: PictureSource) => toFrame(source, new Drawing());

/** Each form of one picture, and the pixels that it must give. */
const FORMS: Record<string, [source: () => PictureSource | Promise<PictureSource>, Uint8Array?]> = {
  "RGB pixels": [() => ({ ...size, pixels: rgb })],
  "RGB pixels, clamped": [() => ({ ...size, pixels: new Uint8ClampedArray(rgb) })],
  "RGBA pixels": [() => ({ ...size, pixels: rgba })],
  "RGBA data": [() => ({ ...size, data: rgba })],
  "RGB data with channels": [() => ({ ...size, channels: 3, data: rgb })],
  "grey data with channels": [() => ({ ...size, channels: 1, data: grey }), greyAsRgb],
  "an ImageData": [() => new ImageData(new Uint8ClampedArray(rgba), WIDTH, HEIGHT)],
  "a canvas of a library": [
    () => {
      const canvas = createCanvas(WIDTH, HEIGHT);
      const image = new ImageData(new Uint8ClampedArray(rgba), WIDTH, HEIGHT);
      canvas.getContext("2d").putImageData(image, 0, 0);
      return canvas;
    },
  ],
  "RGB that sharp decoded": [() => sharp(png).raw().toBuffer({ resolveWithObject: true })],
  "RGBA that sharp decoded": [
    () => sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true }),
  ],
  "grey that sharp decoded": [
    () => sharp(grey, raw(1)).raw().toBuffer({ resolveWithObject: true }),
    greyAsRgb,
  ],
  "grey and alpha that sharp decoded": [
    () => ({ data: perPixel((red) => [red, 9]), info: { ...size, channels: 2 } }),
    greyAsRgb,
  ],
  "a Buffer with a PNG": [() => png],
  "bytes with a PNG": [() => new Uint8Array(png)],
  "a Blob with a PNG": [() => new Blob([new Uint8Array(png)])],
  "a PNG in grey": [() => sharp(grey, raw(1)).toColourspace("b-w").png().toBuffer(), greyAsRgb],
  "a PNG that its EXIF data turn": [
    async () => {
      const turned = await sharp(rgb, raw(3)).rotate(90).png().toBuffer();
      return sharp(turned).withMetadata({ orientation: 8 }).png().toBuffer();
    },
  ],
  "a transparent PNG": [
    () =>
      sharp(
        perPixel(() => [0, 0, 0, 0]),
        raw(4),
      )
        .png()
        .toBuffer(),
    perPixel(() => [255, 255, 255]),
  ],
};

describe("a picture", () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "mien-picture-"));
    file = path.join(folder, "photo.png");
    writeFileSync(file, png);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.entries(FORMS))(
    "as %s gives its RGB pixels",
    async (_, [source, pixels = rgb]) => {
      const frame = await frameOf(await source());
      expect({ width: frame.width, height: frame.height }).toEqual(size);
      expect([...frame.pixels]).toEqual([...pixels]);
    },
  );

  it("as a path or URL gives its RGB pixels, and its path", async () => {
    for (const source of [file, pathToFileURL(file)]) {
      const frame = await frameOf(source);
      expect([...frame.pixels]).toEqual([...rgb]);
      expect(frame.path).toBe(file);
    }
  });

  it("as an address is downloaded, or is an error", async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/photo.png" ? 200 : 404;
      response.end(png);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const frame = await frameOf(new URL("/photo.png", origin));
      expect([...frame.pixels]).toEqual([...rgb]);
      expect(frame.path).toBeUndefined();
      await expect(frameOf(new URL("/none.png", origin))).rejects.toMatchObject({
        code: "missing-file",
        message: `cannot fetch the picture ${origin}/none.png: HTTP 404 Not Found`,
      });
    } finally {
      server.close();
    }
  });

  it("in RGB is passed on as it is", () => {
    const frame = { ...size, pixels: rgb, index: 3 };
    expect(toFrame(frame, new Drawing())).toBe(frame);
  });

  it("keeps its index, time, path and depth when its pixels are converted", async () => {
    const depth = { ...size, millimetres: new Uint16Array(count), focalLength: 5 };
    const known = { index: 7, timeMs: 40, path: "a.png", depth };
    expect(await frameOf({ ...size, data: rgba, ...known })).toMatchObject(known);
    expect(await frameOf({ ...size, pixels: rgba, ...known })).toMatchObject(known);
  });

  it("that cannot be read is an error that says why", async () => {
    const text = Buffer.from("this is no picture");
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    writeFileSync(path.join(folder, "text.jpg"), text);
    for (const [source, code, message] of [
      [path.join(folder, "none.jpg"), "missing-file", /cannot read .*none\.jpg/],
      [path.join(folder, "text.jpg"), "bad-image", /text\.jpg cannot be decoded/],
      [text, "bad-image", /the picture cannot be decoded/],
      [png.subarray(0, png.length - 20), "bad-image", /the picture cannot be decoded/],
      [svg, "bad-image", /it is SVG/],
      [new Uint8Array(), "bad-image", /the picture cannot be decoded/],
    ] as const) {
      await expect(frameOf(source)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
    }
  });
});
