import { random } from "@mien/format";
import {
  attribute,
  constantFloat,
  DTYPE,
  intercept,
  ints,
  keep,
  runOne,
  upload,
  type NativeTensor,
} from "../tensor/native.ts";
import { cast, multiply, reshape } from "../tensor/native-ops.ts";

/**
 * A dropout mask (Srivastava et al. 2014): 0 with probability `rate`, else 1 / (1 − rate), which
 * keeps the mean.
 *
 * The same key always gives the same mask. One random byte determines one value, which is four times
 * as fast as a random float; the rate is therefore rounded to a multiple of 1/256, and the scale is
 * computed from the rounded rate.
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
  const words = Math.ceil(size / (4 * WINDOW_STEP)) * WINDOW_STEP;
  const bytes = reshape(runOne("Bitcast", toBytes, [randomWords(words, key)]), [words * 4]);
  const kept = runOne("GreaterEqual", byteType, [bytes, upload(Uint8Array.of(threshold), [])]);
  const whole = words * 4 === size ? kept : runOne("Slice", slice, [kept, ints([0]), ints([size])]);
  const mask = cast(reshape(whole, shape), dtype);
  return multiply(mask, cast(constantFloat(256 / (256 - threshold)), dtype));
}

/** Windows begin at multiples of this number of words, so that TensorFlow need not copy them. */
const WINDOW_STEP = 16;

/**
 * Random bits as int32 [words]: the exclusive or of a window of each of two lists of random bits. The
 * lists are fixed, and the key determines where the windows begin. Within a mask the bits are
 * independent, and masks whose windows differ are independent in pairs. This takes a fifteenth of the
 * time of new random bits.
 *
 * @param words a multiple of `WINDOW_STEP`.
 */
function randomWords(words: number, key: readonly [number, number]): NativeTensor {
  // At least as many places for a window as it has words.
  const length = 2 ** Math.ceil(Math.log2(Math.max(2 * words, SHORTEST_LIST)));
  const stream = random("dropout window", ...key);
  const windows = [0, 1].map((list) => {
    const start = WINDOW_STEP * stream.integer((length - words) / WINDOW_STEP + 1);
    const inputs = [listOfBits(length, list), upload(Int32Array.of(start)), ints([words])];
    return runOne("Slice", sliceInts, inputs);
  });
  return runOne("BitwiseXor", intType, windows);
}

const SHORTEST_LIST = 2 ** 16;

/** Lists of random bits by length and number. They are made once and never freed. */
const lists = new Map<string, NativeTensor>();

function listOfBits(length: number, number: number): NativeTensor {
  const name = `${length} ${number}`;
  let list = lists.get(name);
  if (list === undefined) {
    list = intercept(undefined, () => {
      const key = upload(Int32Array.of(length, number));
      return keep(runOne("StatelessRandomUniformFullInt", fullInt, [ints([length]), key]));
    });
    lists.set(name, list);
  }
  return list;
}

const intType = [attribute.type("T", DTYPE.int32)];
const sliceInts = [...intType, attribute.type("Index", DTYPE.int32)];
const fullInt = [
  attribute.type("dtype", DTYPE.int32),
  attribute.type("T", DTYPE.int32),
  attribute.type("Tseed", DTYPE.int32),
];
const toBytes = [attribute.type("T", DTYPE.int32), attribute.type("type", DTYPE.uint8)];
const byteType = [attribute.type("T", DTYPE.uint8)];
const slice = [attribute.type("T", DTYPE.bool), attribute.type("Index", DTYPE.int32)];
