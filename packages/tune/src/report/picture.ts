import type { ThemedPng } from "@mien/plot";

/** A plot of the report. */
export interface Picture {
  /** File name without extension. */
  readonly name: string;
  readonly title: string;
  readonly png: ThemedPng;
}
