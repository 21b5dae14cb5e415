import { isMainThread } from "node:worker_threads";
import { MienError, messageOf, TELEMETRY_OFF } from "@mien/format";
import { isNotInstalled } from "./is-not-installed.ts";
import type { Onnxruntime } from "./ort.ts";

/**
 * Loads onnxruntime-node with its telemetry switched off. This is the only place that imports it (a
 * lint rule checks that), so that no model can be opened before the telemetry is off.
 *
 * The import is dynamic, so that a missing package or a broken native library becomes a `MienError`.
 *
 * @throws {MienError} `environment` if it is not installed or cannot be loaded, or if its telemetry
 * cannot be switched off: in a worker thread, since only the main thread can change the environment
 * of a process.
 */
export async function loadOnnxruntime(): Promise<Onnxruntime> {
  switchTelemetryOff();
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    if (isNotInstalled(error, "onnxruntime-node")) {
      throw new MienError("environment", "onnxruntime-node, which runs the models, is missing", {
        advice:
          "Install it: `npm install onnxruntime-node`. Where its install script cannot download " +
          "files: `npm install onnxruntime-node --ignore-scripts`.",
        cause: error,
      });
    }
    throw new MienError("environment", `onnxruntime-node cannot be loaded: ${messageOf(error)}`, {
      advice: "Reinstall it: `npm rebuild onnxruntime-node`, or delete node_modules and `npm ci`.",
      cause: error,
    });
  }
}

function switchTelemetryOff(): void {
  for (const [name, value] of Object.entries(TELEMETRY_OFF)) {
    if (isMainThread) process.env[name] = value;
    // A worker thread has a copy of the environment, which native code does not read.
    if (process.env[name] === value) continue;
    throw new MienError(
      "environment",
      `onnxruntime-node would report usage to Microsoft: ${name} is not ${value}, and a worker thread cannot set it`,
      { advice: `Start the program with ${name}=${value}, or set it in the main thread first.` },
    );
  }
}
