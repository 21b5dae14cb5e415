export * from "./camera-header.ts";
export * from "./label-colours.ts";
export * from "./messages.ts";
export * from "./retention-days.ts";
export type { ShownFrame, ShownState } from "./page-statistics.ts";
