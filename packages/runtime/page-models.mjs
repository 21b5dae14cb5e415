// In the prebuilt module for pages, these models take the place of @mien/models: they are expected in
// the folder of the module.
export const expression = new URL("default.onnx", import.meta.url);
export const detector = new URL("detector.onnx", import.meta.url);
