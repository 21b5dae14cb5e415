import type { LayerConverter } from "./layer.ts";
import { activationLayers } from "./activation.ts";
import { convolutionLayers } from "./convolution.ts";
import { denseLayers } from "./dense.ts";
import { mergeLayers } from "./merge.ts";
import { normalizationLayers } from "./normalization.ts";
import { poolingLayers } from "./pooling.ts";
import { preprocessingLayers } from "./preprocessing.ts";
import { shapeLayers } from "./shape.ts";
import { spatialLayers } from "./spatial.ts";
import { transposedConvolutionLayers } from "./transposed-convolution.ts";

/** Every layer that can be converted, by its class name in tfjs. Inputs and nested models are converted
 * elsewhere. A new layer is added to one of these tables. */
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
