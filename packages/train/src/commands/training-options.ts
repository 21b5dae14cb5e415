import { ferplusOption } from "@mien/data";

/** `--config` and `--ferplus`, for commands that train. */
export const trainingOptions = {
  config: {
    type: "string",
    placeholder: "FILE",
    description: "JSON file of hyperparameters; flags override its values",
    group: "run",
  },
  ferplus: {
    ...ferplusOption,
    description: `${ferplusOption.description}; read only if --vote-share or --vote-head is above 0`,
  },
} as const;
