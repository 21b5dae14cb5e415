import { isMainThread } from "node:worker_threads";
import { MienError, messageOf, TELEMETRY_OFF } from "@mien/format";
import type * as onnxruntime from "onnxruntime-node";

/**
 * Loads onnxruntime-node with its telemetry off. This is the only place that imports it (a lint rule
 * checks that), so that no model can be opened before the telemetry is off.
 *
 * It is loaded late, so that a broken native library is an error that names itself.
 *
 * @throws {MienError} `environment` if it cannot be loaded, or if its telemetry cannot be switched
 * off: in a worker thread, as only the main thread can change the environment of a process.
 */
export async function loadOnnxruntime(): Promise<typeof onnxruntime> {
  switchTelemetryOff();
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    throw new MienError("environment", `onnxruntime-node cannot be loaded: ${messageOf(error)}`, {
      advice: "Reinstall it: `npm rebuild onnxruntime-node`, or delete node_modules and `npm ci`.",
      cause: error,
    });
  }
}

function switchTelemetryOff(): void {
  for (const [name, value] of Object.entries(TELEMETRY_OFF)) {
    if (isMainThread) process.env[name] = value;
    // A thread has a copy of the environment, which native code does not read.
    if (process.env[name] === value) continue;
    throw new MienError(
      "environment",
      `onnxruntime-node would report to Microsoft: ${name} is not ${value}, and a worker thread cannot set it`,
      { advice: `Start the program with ${name}=${value}, or set it in the main thread first.` },
    );
  }
}
