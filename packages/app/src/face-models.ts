import { existsSync } from "node:fs";
import path from "node:path";
import { FOLDERS } from "@mien/cli";
import { MienError } from "@mien/format";

/** The face models that come with mien; see `artifacts/release/faces/README.md`. */
type FaceModel = "detector" | "embedding";

/**
 * Finds a face model.
 *
 * @param file the path that the user gave; undefined for the released one.
 * @throws {MienError} `missing-file` if it is not there.
 */
export function findFaceModel(model: FaceModel, file?: string): string {
  const found = file ?? path.join(FOLDERS.release, "faces", `${model}.onnx`);
  if (existsSync(found)) return found;
  throw new MienError("missing-file", `no face ${model} at ${found}`, {
    advice: "Make it with `npx nx run export:faces`, or run this in the repository.",
  });
}
