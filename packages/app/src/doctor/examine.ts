import { checkFfmpeg, checkKinect, checkWebcams } from "./camera-checks.ts";
import type { Check } from "./check.ts";
import {
  checkCores,
  checkDisk,
  checkNode,
  checkPython,
  checkTensorflow,
} from "./machine-checks.ts";
import { checkExpressionModel, checkFaceModels } from "./model-checks.ts";
import { checkTelemetry } from "./telemetry-check.ts";

/** Checks everything that mien needs, in parallel. @returns the checks in the order of the table. */
export async function examine(): Promise<Check[]> {
  const [models, ffmpeg, webcams, kinect, tensorflow, python, disk] = await Promise.all([
    checkExpressionModel(),
    checkFfmpeg(),
    checkWebcams(),
    checkKinect(),
    checkTensorflow(),
    checkPython(),
    checkDisk(),
  ]);
  const cameras = [ffmpeg, webcams, ...kinect];
  return [
    checkNode(),
    ...models,
    checkFaceModels(),
    checkTelemetry(),
    ...cameras,
    tensorflow,
    python,
    disk,
    checkCores(),
  ];
}
