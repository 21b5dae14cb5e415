export * from "./space.ts";
export * from "./settings.ts";
