import type { Option, Options } from "./option-types.ts";

/** Flags that every command has. */
export const commonOptions = {
  json: {
    type: "string",
    placeholder: "FILE",
    description: "Also write the complete result to this JSON file",
    group: "output",
  },
} as const satisfies Options;

/**
 * `--out DIR`, for commands that write a folder.
 *
 * @param description for `--help`.
 * @param defaultFolder the default, if there is one.
 */
export function outOption(description: string, defaultFolder?: string) {
  return {
    type: "string",
    placeholder: "DIR",
    description,
    group: "output",
    ...(defaultFolder === undefined ? {} : { default: defaultFolder }),
  } as const;
}

/** `--csv FILE`, for commands that read a data set; `locateDataset` in the data package resolves it. */
export const csvOption = {
  type: "string",
  placeholder: "FILE",
  description: "Data set, as .csv or .csv.gz, or a folder of images (see data:import)",
  defaultText:
    "fer2013.csv[.gz] in the folder MIEN_DATA; if that is not set, the data set in datasets/",
  group: "data",
} as const satisfies Option;
