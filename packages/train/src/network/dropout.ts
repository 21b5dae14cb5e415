import {
  attribute,
  constantFloat,
  DTYPE,
  ints,
  runOne,
  upload,
  type NativeTensor,
} from "../tensor/native.ts";
import { cast, multiply, reshape } from "../tensor/native-ops.ts";

/**
 * A dropout mask (Srivastava et al. 2014): 0 with probability `rate`, else 1 / (1 − rate), which
 * keeps the mean.
 *
 * The random generator is stateless, so the same key always gives the same mask. One random byte
 * determines one value, which is four times as fast as a random float; the rate is therefore rounded
 * to a multiple of 1/256, and the scale is computed from the rounded rate.
 *
 * @param mask.rate 0 ≤ rate < 1.
 * @param mask.key two integers of 32 bits, such as a stream and a step.
 * @param mask.dtype float32 (default) or bfloat16.
 */
export function dropoutMask(
  shape: readonly number[],
  {
    rate,
    key,
    dtype = DTYPE.float32,
  }: {
    readonly rate: number;
    readonly key: readonly [number, number];
    readonly dtype?: number;
  },
): NativeTensor {
  const threshold = Math.min(255, Math.round(rate * 256));
  const size = shape.reduce((product, n) => product * n, 1);
  const words = Math.ceil(size / 4);
  const random = runOne("StatelessRandomUniformFullInt", fullInt, [
    ints([words]),
    upload(Int32Array.from(key)),
  ]);
  const bytes = reshape(runOne("Bitcast", toBytes, [random]), [words * 4]);
  const kept = runOne("GreaterEqual", byteType, [bytes, upload(Uint8Array.of(threshold), [])]);
  const whole = words * 4 === size ? kept : runOne("Slice", slice, [kept, ints([0]), ints([size])]);
  const mask = cast(reshape(whole, shape), dtype);
  return multiply(mask, cast(constantFloat(256 / (256 - threshold)), dtype));
}

const fullInt = [
  attribute.type("dtype", DTYPE.int32),
  attribute.type("T", DTYPE.int32),
  attribute.type("Tseed", DTYPE.int32),
];
const toBytes = [attribute.type("T", DTYPE.int32), attribute.type("type", DTYPE.uint8)];
const byteType = [attribute.type("T", DTYPE.uint8)];
const slice = [attribute.type("T", DTYPE.bool), attribute.type("Index", DTYPE.int32)];
