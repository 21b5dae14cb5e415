import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MienError } from "./errors.ts";
import { decodeTensors, encodeTensors, tensorOf, type TensorFile } from "./tensors.ts";

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

const anyTensor = fc.oneof(
  fc.float32Array({ maxLength: 40 }).map((data) => ({ shape: [data.length], data })),
  fc.uint8Array({ maxLength: 40 }).map((data) => ({ shape: [1, data.length], data })),
  fc.uint32Array({ maxLength: 40 }).map((data) => ({ shape: [data.length, 1], data })),
  fc.int32Array({ maxLength: 40 }).map((data) => ({ shape: [data.length], data })),
);
const anyFile = fc.record({
  tensors: fc.dictionary(
    fc.string().filter((name) => name !== "__metadata__" && name !== "__proto__"),
    anyTensor,
  ),
  metadata: fc.dictionary(
    fc.string().filter((name) => name !== "__proto__"),
    fc.string(),
  ),
});

describe("tensor files", () => {
  it("are the same after a round trip, bit for bit", () => {
    fc.assert(
      fc.property(anyFile, (file: TensorFile) => {
        const back = decodeTensors(join(encodeTensors(file)), "memory");
        expect(back.metadata).toEqual({ ...file.metadata });
        expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(file.tensors).sort());
        for (const [name, { shape, data }] of Object.entries(file.tensors)) {
          const found = back.tensors[name];
          expect(found?.shape).toEqual(shape);
          expect(found?.data.constructor).toBe(data.constructor);
          expect(found?.data).toEqual(data);
        }
      }),
      { seed: 1 },
    );
  });

  it("can be decoded from any offset in a larger buffer", () => {
    const file = join(
      encodeTensors({
        tensors: { a: { shape: [2], data: Float32Array.of(1.5, -2) } },
        metadata: {},
      }),
    );
    for (let offset = 0; offset < 8; offset++) {
      const larger = new Uint8Array(file.length + offset);
      larger.set(file, offset);
      const { data } = tensorOf(decodeTensors(larger.subarray(offset), "memory"), "a", "F32");
      expect([...data]).toEqual([1.5, -2]);
    }
  });

  it("are read or refused with a MienError when they are damaged", () => {
    const whole = join(
      encodeTensors({
        tensors: {
          weights: { shape: [2, 3], data: new Float32Array(6).fill(0.5) },
          labels: { shape: [5], data: Uint8Array.of(1, 2, 3, 4, 5) },
        },
        metadata: { step: "7" },
      }),
    );
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeTensors(whole.slice(0, length), "cut.bin")).toThrow(MienError);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const damaged = whole.slice();
        damaged[at] = value;
        expect(errorOf(() => decodeTensors(damaged, "damaged.bin"))).toBeOneOf([
          undefined,
          expect.any(MienError),
        ]);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("are refused if a tensor is missing or of another type", () => {
    const file = { tensors: { a: { shape: [1], data: Uint8Array.of(1) } }, metadata: {} };
    expect(() => tensorOf(file, "b", "U8")).toThrow(/named b, found no such tensor/);
    expect(() => tensorOf(file, "a", "F32")).toThrow(/F32 tensor named a, found U8/);
  });
});
