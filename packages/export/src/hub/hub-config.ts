import type { ModelMetadata, PixelValues } from "@mien/format";

/**
 * The content of `config.json`: the labels, and an architecture that transformers.js and transformers
 * know as an image classifier. The graph decides what is computed, not the architecture.
 *
 * @param hasQuantized whether there is a model in 8 bits, which transformers.js opens by default on
 * WebAssembly; if not, the configuration selects the one in 32 bits.
 */
export function hubConfig({ labels }: ModelMetadata, hasQuantized: boolean): object {
  return {
    architectures: ["ResNetForImageClassification"],
    model_type: "resnet",
    problem_type: "single_label_classification",
    num_channels: 3,
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    ...(hasQuantized ? {} : { "transformers.js_config": { dtype: "fp32" } }),
  };
}

/** The content of `preprocessor_config.json`. Scaling to the model's size is part of the graph. */
export function preprocessorConfig({ input }: ModelMetadata, { mean, std }: PixelValues): object {
  return {
    image_processor_type: "ViTImageProcessor",
    do_convert_rgb: true,
    do_resize: false,
    size: { height: input.height, width: input.width },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}
