import { existsSync } from "node:fs";
import path from "node:path";
import { releaseFolder } from "@mien/cli";
import { MienError } from "@mien/format";

/** The released face models; see `artifacts/release/faces/README.md`. */
type FaceModel = "detector" | "embedding";

/**
 * The path of a face model.
 *
 * @param file the path that the user gave; undefined for the released model.
 * @throws {MienError} `missing-file` if there is no such file.
 */
export function findFaceModel(model: FaceModel, file?: string): string {
  const found = file ?? path.join(releaseFolder(), "faces", `${model}.onnx`);
  if (existsSync(found)) return found;
  throw new MienError("missing-file", `no face ${model} at ${found}`, {
    advice: "Make it with `npx nx run export:faces`, or run this in the repository.",
  });
}
