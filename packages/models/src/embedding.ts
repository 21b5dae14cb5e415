/**
 * The model that tells people apart: 128 numbers for a face; 6.5 MB. It is an entry of its own, so
 * that a bundler copies it only into pages that recognise people.
 */
export const embedding = new URL("../files/faces/embedding.onnx", import.meta.url);
