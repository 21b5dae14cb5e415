export * from "./search-space.ts";
export * from "./study-settings.ts";
