/**
 * npm packages of other people that contain saved models of tfjs. Most of them are LayersModels; the
 * others contain graph models, which the converter must refuse.
 */
export const STRANGERS: readonly string[] = [
  "@upscalerjs/default-model@1.0.0",
  "@upscalerjs/esrgan-legacy@1.0.0",
  "@upscalerjs/esrgan-medium@1.0.0",
  "@upscalerjs/esrgan-slim@1.0.0",
  "@upscalerjs/esrgan-thick@1.0.0",
  "@upscalerjs/models@0.9.0",
  "@upscalerjs/pixel-upsampler@1.0.0-beta.11",
  "nsfwjs@4.3.0",
  "@spotify/basic-pitch@1.0.1",
  "@vladmandic/human@3.3.6",
  "@vscode/vscode-languagedetection@1.0.23",
];
