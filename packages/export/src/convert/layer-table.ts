import type { LayerConverter } from "./layer.ts";
import { activationLayers } from "./layers/activation.ts";
import { convolutionLayers } from "./layers/convolution.ts";
import { denseLayers } from "./layers/dense.ts";
import { mergeLayers } from "./layers/merge.ts";
import { normalizationLayers } from "./layers/normalization.ts";
import { poolingLayers } from "./layers/pooling.ts";
import { preprocessingLayers } from "./layers/preprocessing.ts";
import { shapeLayers } from "./layers/shape.ts";
import { spatialLayers } from "./layers/spatial.ts";
import { transposedConvolutionLayers } from "./layers/transposed-convolution.ts";

/** Every layer that can be converted, by tfjs' class name; inputs and nested models besides. */
export const LAYERS: Readonly<Record<string, LayerConverter>> = {
  ...convolutionLayers,
  ...transposedConvolutionLayers,
  ...denseLayers,
  ...normalizationLayers,
  ...poolingLayers,
  ...activationLayers,
  ...shapeLayers,
  ...spatialLayers,
  ...mergeLayers,
  ...preprocessingLayers,
};
