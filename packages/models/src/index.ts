/*
 * The addresses of the model files. In Node they are `file:` URLs, which `createPipeline` takes as
 * they are. A bundler copies the files and puts their addresses in the page here.
 */

/** The default expression model: seven classes, trained on labels and FER+ votes together; 7 MB. */
export const expression = new URL("../files/default.onnx", import.meta.url);

/** A small expression model for slow machines: the same seven classes, trained on labels; 1.1 MB. */
export const pocket = new URL("../files/pocket.onnx", import.meta.url);

/** Finds faces; 0.2 MB. */
export const detector = new URL("../files/faces/detector.onnx", import.meta.url);
