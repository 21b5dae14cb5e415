import type { Settings } from "../study-settings.ts";
import { checkSpace } from "../search-space.ts";

/** Settings of a study with one number between −1 and 1, for trials that train nothing. */
export function toySettings(changes: Partial<Settings> = {}): Settings {
  return {
    data: { name: "toy", sha256: "0".repeat(64), skipBadRows: false },
    space: checkSpace(
      { name: "toy", parameters: { x: { type: "float", low: -1, high: 1, scales: {} } } },
      "toy",
    ),
    pruner: "none",
    epochs: 1,
    subset: 1,
    seed: 7,
    code: "test",
    ...changes,
  };
}
