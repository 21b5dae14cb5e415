import { readFile } from "node:fs/promises";
import path from "node:path";
import { openEmbedding, People, type Box, type Recogniser } from "@mien/runtime";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doubtsAbout } from "./enrolment-warnings.ts";

const DATA = process.env["MIEN_DATA"];
const FACES = path.resolve(import.meta.dirname, "../../../../artifacts/release/faces");

/** Pictures of the ORL faces, 92×112 each, are cropped alike. */
const BOX: Box = [17, 18, 58, 82];

describe.skipIf(DATA === undefined && !process.env["CI"])(
  "what speaks against an enrolment",
  () => {
    let recogniser: Recogniser;
    beforeAll(async () => {
      recogniser = await openEmbedding(path.join(FACES, "embedding.onnx"));
    });
    afterAll(() => recogniser?.close());

    /** Features of some pictures, counted from 1, of a person. */
    async function features(person: number, pictures: readonly number[]): Promise<Float32Array[]> {
      const described: Float32Array[] = [];
      for (const picture of pictures) {
        const file = path.join(DATA ?? "", `orl/s${person}/${picture}.pgm`);
        const bytes = await readFile(file);
        const grey = bytes.subarray(bytes.length - 92 * 112);
        const { data, info } = await sharp(grey, { raw: { width: 92, height: 112, channels: 1 } })
          .extend({ top: 30, bottom: 30, left: 30, right: 30, extendWith: "copy" })
          .toColourspace("srgb")
          .raw()
          .toBuffer({ resolveWithObject: true });
        const [x, y, w, h] = BOX;
        const picked = { width: info.width, height: info.height, pixels: data };
        described.push(...(await recogniser.describe(picked, [[x + 30, y + 30, w, h]])));
      }
      return described;
    }
    const FIRST = [1, 2, 3, 4, 5];
    const SECOND = [6, 7, 8, 9, 10];

    it("is nothing for pictures of one stranger", async () => {
      const pictures = await features(1, [...FIRST, ...SECOND]);
      expect(doubtsAbout("Ada", pictures, new People(recogniser))).toEqual([]);
    });

    it("is that they are of two people", async () => {
      const pictures = [...(await features(1, FIRST)), ...(await features(2, SECOND))];
      const doubts = doubtsAbout("Ada", pictures, new People(recogniser));
      expect(doubts).toEqual([expect.stringMatching(/two people: 50 %/)]);
    });

    it("is that they look like somebody else who is enrolled, or unlike the one of that name", async () => {
      const known = new People(recogniser);
      known.add("Ada", await features(1, FIRST));
      known.add("Ben", await features(2, FIRST));
      expect(doubtsAbout("Ada", await features(1, SECOND), known)).toEqual([]);
      expect(doubtsAbout("Cleo", await features(2, SECOND), known)).toEqual([
        expect.stringMatching(/look like Ben/),
      ]);
      expect(doubtsAbout("Ada", await features(3, SECOND), known)).toEqual([
        expect.stringMatching(/do not look like the Ada/),
      ]);
    });
  },
);
