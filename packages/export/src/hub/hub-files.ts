import { HUB_MODEL } from "@mien/format";

/** The models of a folder in Hugging Face's layout: name in transformers.js, and path. */
export const HUB_MODELS = [
  { dtype: "fp32", file: HUB_MODEL },
  { dtype: "q8", file: "onnx/model_quantized.onnx" },
] as const;

/** One of the models of a folder. */
export type HubModelName = (typeof HUB_MODELS)[number];
