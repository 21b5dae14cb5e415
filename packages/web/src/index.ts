export * from "./camera-header.ts";
export * from "./messages.ts";
