export * from "./camera-header.ts";
export * from "./face-name.ts";
export * from "./label-colours.ts";
export * from "./messages.ts";
export * from "./retention-days.ts";
export * from "./rounded-shares.ts";
export * from "./settings.ts";
export type { ShownFrame, ShownState } from "./page-statistics.ts";
