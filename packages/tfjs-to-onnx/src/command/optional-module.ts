import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { MienError, TELEMETRY_OFF } from "@mien/format";
import type { OnnxRuntime } from "../open-with.ts";

/**
 * Loads onnxruntime-node with its telemetry switched off.
 *
 * @throws {MienError} `environment` if it is not installed.
 */
export async function loadOnnxruntime(): Promise<OnnxRuntime> {
  // It reads the variable when it is loaded.
  Object.assign(process.env, TELEMETRY_OFF);
  const loaded = await loadOptional("onnxruntime-node", "8 bits need");
  const module = "default" in loaded ? { ...loaded, ...asObject(loaded.default) } : loaded;
  if (isOnnxruntime(module)) return module;
  throw new MienError("environment", "the installed onnxruntime-node has no InferenceSession");
}

/**
 * Loads a package that the converter itself does not need, from the current folder or from where
 * the converter is installed.
 *
 * @param what begins the message of the error, which continues with the package's name.
 * @throws {MienError} `environment` if it is not installed.
 */
export async function loadOptional(name: string, what: string): Promise<object> {
  for (const from of [path.resolve("package.json"), import.meta.filename]) {
    let file: string;
    try {
      file = createRequire(from).resolve(name);
    } catch {
      continue;
    }
    return asObject(await import(pathToFileURL(file).href));
  }
  throw new MienError("environment", `${what} ${name}, which is not installed`, {
    advice: `Run \`npm install ${name}\` in the current folder.`,
  });
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function isOnnxruntime(module: object): module is OnnxRuntime {
  return "InferenceSession" in module && "Tensor" in module;
}
