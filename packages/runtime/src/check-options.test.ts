import { describe, expect, it } from "vitest";
import {
  createLbph,
  createPipeline,
  ExpressionClassifier,
  FaceDetector,
  lbphHistogram,
  MienError,
  openEmbedding,
  People,
  resolveConfirmation,
  rgbFromRgba,
  Tracker,
  type Pipeline,
} from "./index.ts";
import { convModel, halvesModel, spotModel } from "./testing/models.ts";

type Call = (options: never) => unknown;
const GREY = { width: 48, height: 48, data: new Uint8Array(48 * 48) };
const MODELS = { expression: halvesModel(), detector: spotModel() };

/** Every public function that takes options, and one of its options. */
const CALLS: Record<string, [call: Call, known: string]> = {
  createPipeline: [(o) => createPipeline(Object.assign({ ...MODELS }, o)), "stills"],
  "createPipeline detection": [(detection) => createPipeline({ ...MODELS, detection }), "minScore"],
  "createPipeline tracking": [(tracking) => createPipeline({ ...MODELS, tracking }), "bridgeMs"],
  "createPipeline confirmation": [
    (confirmation) => createPipeline({ ...MODELS, confirmation }),
    "quorum",
  ],
  "ExpressionClassifier.open": [(o) => ExpressionClassifier.open(MODELS.expression, o), "threads"],
  "FaceDetector.open": [(o) => FaceDetector.open(MODELS.detector, o), "minSize"],
  openEmbedding: [(o) => openEmbedding(convModel(3), o), "threads"],
  createLbph: [(o) => createLbph(o), "gridX"],
  lbphHistogram: [(o) => lbphHistogram(GREY, o), "radius"],
  Tracker: [(o) => new Tracker(o), "minOverlap"],
  resolveConfirmation: [(o) => resolveConfirmation(o, ["A", "B"]), "size"],
  People: [(o) => new People(createLbph(), o), "maxFalseAccept"],
};

/** The error of a call, thrown at once or by its promise. */
async function errorOf(
  call: () => unknown,
): Promise<{ code: string; message: string; advice: string }> {
  try {
    await call();
  } catch (error) {
    return error as { code: string; message: string; advice: string };
  }
  throw new Error("the call did not fail");
}

describe("options", () => {
  for (const [name, [call, known]] of Object.entries(CALLS)) {
    it(`${name} refuses unknown options, naming the nearest, and values of a wrong type`, async () => {
      const typo = `${known}s`;
      const unknown = await errorOf(() => call({ [typo]: 1 } as never));
      expect(unknown.code).toBe("usage");
      expect(unknown.message).toContain(`has no option ${typo}`);
      expect(unknown.advice).toContain(`Did you mean ${known}?`);
      for (const [value, found] of [
        ["12px", '"12px"'],
        [Number.NaN, "NaN"],
        [[1], "an Array of 1 values"],
        [null, "null"],
      ] as const) {
        const wrong = await errorOf(() => call({ [known]: value } as never));
        expect(wrong.code).toBe("usage");
        expect(wrong.message).toMatch(new RegExp(`${known} must be .+, found `));
        expect(wrong.message).toContain(found);
      }
      for (const options of [5, "fast"]) {
        if (name === "createPipeline") continue;
        expect(await errorOf(() => call(options as never))).toMatchObject({ code: "usage" });
      }
    });
  }

  it("are refused in the wrong place with the right one", async () => {
    const [pipeline] = CALLS["createPipeline"]!;
    const [detection] = CALLS["createPipeline detection"]!;
    const [detector] = CALLS["FaceDetector.open"]!;
    for (const [call, option, advice] of [
      [pipeline, "minScore", "detection: { minScore"],
      [pipeline, "quorum", "confirmation: { quorum"],
      [detection, "threads", "one level up"],
      [detector, "maxFalseAccept", "an option of People"],
    ] as const) {
      expect((await errorOf(() => call({ [option]: 1 } as never))).advice).toContain(advice);
    }
  });

  it("are refused with a number or an ArrayBuffer as a model", async () => {
    const wrong = await errorOf(() => createPipeline({ ...MODELS, detector: 1 } as never));
    expect(wrong.message).toMatch(/detector must be a path .* found 1/);
    const buffer = new ArrayBuffer(8) as never;
    for (const open of [ExpressionClassifier, FaceDetector]) {
      const error = await errorOf(() => open.open(buffer));
      expect(error).toMatchObject({ code: "usage", advice: "Write new Uint8Array(buffer)." });
    }
  });
});

describe("pictures", () => {
  const size = { width: 4, height: 2 };
  const bytes = new Uint8Array(24);
  const withoutFocus = { ...size, millimetres: new Uint16Array(8), focalLength: 0 };

  it("are refused unless they have the right number of bytes, with what was expected and found", async () => {
    const pipeline: Pipeline = await createPipeline(MODELS);
    for (const [frame, message] of [
      [{ ...size, pixels: new Float32Array(24) }, "found a Float32Array of 24 values"],
      [{ ...size, pixels: new Int8Array(24) }, "found an Int8Array of 24 values"],
      [{ ...size, pixels: [...bytes] }, "found an Array of 24 values"],
      [{ ...size, pixels: bytes.buffer }, "found an ArrayBuffer"],
      [{ ...size, pixels: "x".repeat(24) }, 'found "xxx'],
      [
        { ...size, pixels: bytes.subarray(1) },
        "4×2×3 values (RGB), found a Uint8Array of 23 values",
      ],
      [{ ...size, data: bytes.subarray(1) }, "found a Uint8Array of 23 values for 4×2 pixels"],
      [{ ...size, data: bytes, channels: 4 }, "for 4×2 pixels of 4 channels"],
      [{ ...size, width: 0, data: bytes }, "found an Object of 0×2 pixels"],
      [{}, "found an Object of undefined×undefined pixels"],
      [7, "found 7"],
      [null, "found null"],
      [{ ...size, pixels: bytes, timeMs: Number.NaN }, "timeMs to be a finite number, found NaN"],
      [{ ...size, pixels: bytes, index: "1" }, 'index to be a finite number, found "1"'],
      [{ ...size, pixels: bytes, depth: { ...size } }, "millimetres as Uint16Array of 4×2 values"],
      [{ ...size, pixels: bytes, depth: withoutFocus }, "focalLength above 0"],
    ] as const) {
      const error = await errorOf(() => pipeline.process(frame as never));
      expect(error.code).toBe("bad-image");
      expect(error.message).toContain(message);
    }
    for (const pixels of [bytes, new Uint8ClampedArray(24), Buffer.alloc(24)]) {
      expect((await pipeline.process({ ...size, pixels })).faces).toEqual([]);
    }
    const options = await errorOf(() =>
      pipeline.process({ ...size, pixels: bytes }, {
        signals: undefined,
      } as never),
    );
    expect(options.advice).toContain("Did you mean signal?");
    await pipeline.close();
  });

  it("in RGBA are converted by rgbFromRgba, which refuses others", () => {
    const data = Uint8ClampedArray.from({ length: 32 }, (_, i) => i);
    const expected = data.filter((_, i) => i % 4 !== 3);
    const target = new Uint8Array(24);
    expect([...rgbFromRgba({ ...size, data }).pixels]).toEqual([...expected]);
    expect(rgbFromRgba({ ...size, data }, target).pixels).toBe(target);
    expect([...target]).toEqual([...expected]);
    for (const [image, to] of [
      [{ ...size, data: bytes }],
      [{ ...size, data: [...data] }],
      [{ ...size, width: 0, data }],
      [{ ...size, data }, new Uint8Array(23)],
      [undefined],
    ] as const) {
      expect(() => rgbFromRgba(image as never, to)).toThrow(MienError);
    }
  });
});
