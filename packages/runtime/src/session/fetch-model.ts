import { MienError, messageOf } from "@mien/format";
import type { ModelBytes } from "./ort.ts";

/**
 * Downloads a model.
 *
 * @throws {MienError} `missing-file` if the server cannot be reached or answers with an error.
 */
export async function fetchModel(address: string | URL): Promise<ModelBytes> {
  const name = String(address);
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    return { bytes: new Uint8Array(await response.arrayBuffer()), name };
  } catch (error) {
    throw new MienError("missing-file", `cannot fetch the model ${name}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
