import { existsSync } from "node:fs";
import path from "node:path";
import { findModel, FOLDERS } from "@mien/cli";
import { MienError, messageOf } from "@mien/format";
import { broken, fine, type Check } from "./check.ts";

/** The expression model that commands take by default, and onnxruntime, which has to open it. */
export async function checkExpressionModel(): Promise<Check[]> {
  const { ExpressionClassifier } = await import("@mien/runtime");
  const make = "npx nx run train:fit && npx nx run export:onnx";
  let file: string;
  try {
    file = await findModel();
  } catch (error) {
    return [broken("expression model", "always", messageOf(error), make)];
  }
  try {
    const classifier = await ExpressionClassifier.open(file);
    const { width, height } = classifier.metadata.input;
    const blank = { width, height, channels: 1 as const, data: new Uint8Array(width * height) };
    await classifier.classify(blank);
    await classifier.close();
    return [
      fine("onnxruntime", "always", "runs"),
      fine("expression model", "always", `${file}, ${classifier.labels.length} expressions`),
    ];
  } catch (error) {
    const isOurs = error instanceof MienError && error.code !== "environment";
    if (isOurs) return [broken("expression model", "always", messageOf(error), make)];
    return [broken("onnxruntime", "always", messageOf(error), "npm run setup")];
  }
}

/** The models that find and recognise faces. */
export function checkFaceModels(folder: string = FOLDERS.release): Check {
  const files = ["detector.onnx", "embedding.onnx"];
  const missing = files.filter((file) => !existsSync(path.join(folder, "faces", file)));
  return missing.length === 0
    ? fine("face models", "always", `${folder}/faces`)
    : broken(
        "face models",
        "always",
        `${missing.join(" and ")} missing in ${folder}/faces`,
        "npx nx run export:faces",
      );
}
