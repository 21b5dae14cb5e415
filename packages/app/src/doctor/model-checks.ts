import { existsSync } from "node:fs";
import path from "node:path";
import { findModel, releaseFolder } from "@mien/cli";
import { MienError, messageOf } from "@mien/format";
import { failed, passed, type Check } from "./check.ts";

const EXPRESSION_MODEL = { name: "expression model", needed: "always" } as const;
const ONNXRUNTIME = { name: "onnxruntime", needed: "always" } as const;
const FACE_MODELS = { name: "face models", needed: "always" } as const;

/** Checks the default expression model, and onnxruntime by running it. */
export async function checkExpressionModel(): Promise<Check[]> {
  const { ExpressionClassifier } = await import("@mien/runtime");
  const make = "npx nx run train:fit && npx nx run export:onnx";
  let file: string;
  try {
    file = await findModel();
  } catch (error) {
    return [failed(EXPRESSION_MODEL, messageOf(error), make)];
  }
  try {
    const classifier = await ExpressionClassifier.open(file);
    const { width, height } = classifier.metadata.input;
    const blank = { width, height, channels: 1 as const, data: new Uint8Array(width * height) };
    await classifier.classify(blank);
    await classifier.close();
    return [
      passed(ONNXRUNTIME, "runs"),
      passed(EXPRESSION_MODEL, `${file}, ${classifier.labels.length} expressions`),
    ];
  } catch (error) {
    const isOurs = error instanceof MienError && error.code !== "environment";
    if (isOurs) return [failed(EXPRESSION_MODEL, messageOf(error), make)];
    return [failed(ONNXRUNTIME, messageOf(error), "npm run setup")];
  }
}

/** Checks the models that detect and recognise faces. */
export function checkFaceModels(folder: string = releaseFolder()): Check {
  const files = ["detector.onnx", "embedding.onnx"];
  const missing = files.filter((file) => !existsSync(path.join(folder, "faces", file)));
  return missing.length === 0
    ? passed(FACE_MODELS, `${folder}/faces`)
    : failed(
        FACE_MODELS,
        `${missing.join(" and ")} missing in ${folder}/faces`,
        "npx nx run export:faces",
      );
}
