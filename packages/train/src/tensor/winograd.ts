import { DTYPE, intercept, runOne, scope, upload, type NativeTensor } from "./native.ts";

/*
 * Convolutions of 3 × 3 in 32-bit floats by Winograd's algorithm, which needs about a quarter of the
 * products of a direct convolution (Lavin & Gray 2016). They are operations of mien's own, in the
 * addon that `npm run setup` builds on Linux x64 (tools/setup/native). Their results differ from
 * those of a direct convolution by rounding only: about 1e-5 of the largest value.
 */

/** Below this number of channels, the transforms take longer than the products that they save. */
const FEWEST_CHANNELS = 16;

/** Whether the operations below compute a convolution of maps of a data type with a kernel. */
export function hasWinograd(dtype: number, kernelShape: readonly number[]): boolean {
  const [rows, columns, ...channels] = kernelShape;
  return (
    dtype === DTYPE.float32 &&
    rows === 3 &&
    columns === 3 &&
    channels.every((count) => count % 8 === 0 && count >= FEWEST_CHANNELS) &&
    isAvailable()
  );
}

let available: boolean | undefined;

/** Whether the addon has the operations, and the processor the instructions that they need. */
function isAvailable(): boolean {
  available ??= intercept(undefined, () =>
    scope(() => {
      try {
        const x = upload(new Float32Array(8), [1, 1, 1, 8]);
        winogradConv2d(x, upload(new Float32Array(9 * 8 * 8), [3, 3, 8, 8]));
        return true;
      } catch {
        return false;
      }
    }),
  );
  return available;
}

/** Convolution of stride 1 that keeps height and width; kernel [3, 3, in, out]. */
export function winogradConv2d(x: NativeTensor, kernel: NativeTensor): NativeTensor {
  return runOne("MienConv2D", [], [x, kernel]);
}

/** Gradient of `winogradConv2d` with respect to its input. */
export function winogradInputGradient(kernel: NativeTensor, dy: NativeTensor): NativeTensor {
  return runOne("MienConv2DInputGradient", [], [kernel, dy]);
}

/** Gradient of `winogradConv2d` with respect to its kernel. */
export function winogradKernelGradient(x: NativeTensor, dy: NativeTensor): NativeTensor {
  return runOne("MienConv2DKernelGradient", [], [x, dy]);
}
