export * from "./analyze-images.ts";
export * from "./images/decode-image.ts";
export * from "./images/find-images.ts";
