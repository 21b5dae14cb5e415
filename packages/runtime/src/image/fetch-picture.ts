import { MienError, messageOf } from "@mien/format";

/**
 * Downloads a picture file.
 *
 * @throws {MienError} `missing-file` if the server cannot be reached or responds with an error.
 */
export async function fetchPicture(address: string | URL): Promise<Blob> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    return await response.blob();
  } catch (error) {
    const problem = `cannot fetch the picture ${String(address)}: ${messageOf(error)}`;
    throw new MienError("missing-file", problem, { cause: error });
  }
}
