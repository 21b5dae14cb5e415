import type { SettingsTable } from "./setting.ts";

/** Every setting of the recognition of people that is not a setting of the pipeline. */
export const recognitionSettings = {
  /** The recognition threshold is set so that at most this share of strangers is recognised. */
  maxFalseAccept: {
    type: "number",
    unit: "share",
    min: 1e-9,
    max: 0.5,
    default: 0.01,
    description: "Largest share of strangers that may be recognised as an enrolled person",
  },
  /** Local binary pattern histograms, with the names that OpenCV gives them. */
  lbph: {
    /** Distance from a pixel to the neighbours that it is compared with, in pixels. */
    radius: {
      type: "integer",
      unit: "pixels",
      min: 1,
      max: 100,
      default: 1,
      description: "Radius of the circle of neighbours",
    },
    /** Neighbours on the circle; a histogram has 2^neighbors bins. */
    neighbors: {
      type: "integer",
      unit: "neighbours",
      min: 1,
      max: 16,
      default: 8,
      description: "Neighbours that each pixel is compared with",
    },
    /** Columns of cells with a histogram each. */
    gridX: {
      type: "integer",
      unit: "cells",
      min: 1,
      max: 1000,
      default: 8,
      description: "Cells of the grid in the horizontal direction",
    },
    /** Rows of cells with a histogram each. */
    gridY: {
      type: "integer",
      unit: "cells",
      min: 1,
      max: 1000,
      default: 8,
      description: "Cells of the grid in the vertical direction",
    },
  },
} as const satisfies SettingsTable;
