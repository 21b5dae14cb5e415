import type { CommandName, Project } from "../command-names.ts";

/** What commands need besides the package `mien`. */
export interface Needs {
  /** Names of npm packages; their versions are those of mien's optional peer dependencies. */
  readonly packages: readonly string[];
  /** Whether they compute with TensorFlow. */
  readonly tensorflow: boolean;
  /** Whether they run Python. */
  readonly python: boolean;
}

const NONE: Needs = { packages: [], tensorflow: false, python: false };

const BY_PROJECT: Readonly<Record<Project, Needs>> = {
  mien: NONE,
  app: NONE,
  data: { ...NONE, packages: ["@mien/data"] },
  train: { ...NONE, packages: ["@mien/train"], tensorflow: true },
  tune: { packages: ["@mien/tune"], tensorflow: true, python: true },
  export: { ...NONE, packages: ["@mien/export"] },
};

/** Headers that TensorFlow's addon for Node is compiled with. */
const HEADERS = "node-api-headers";

/** What a command needs. */
export function needsOf({ project, name }: CommandName): Needs {
  const needs = BY_PROJECT[project];
  // It compares an ONNX file with the trained model.
  return withHeaders(name === "verify" ? { ...needs, tensorflow: true } : needs);
}

/** What all commands together need. */
export function allNeeds(): Needs {
  const all = Object.values(BY_PROJECT);
  return withHeaders({
    packages: all.flatMap(({ packages }) => packages),
    tensorflow: all.some(({ tensorflow }) => tensorflow),
    python: all.some(({ python }) => python),
  });
}

function withHeaders(needs: Needs): Needs {
  return needs.tensorflow ? { ...needs, packages: [...needs.packages, HEADERS] } : needs;
}

/**
 * What a set-up for these needs installs, one line each.
 *
 * Sizes are those of Linux on x86-64, rounded.
 */
export function describeNeeds({ packages, tensorflow, python }: Needs): string[] {
  const own = packages.filter((name) => name.startsWith("@mien/"));
  return [
    `  npm packages      mien, ${own.join(", ")} and what they need; about ${tensorflow ? 800 : 570} MB`,
    ...(tensorflow
      ? ["  TensorFlow        the library, 500 MB, and its addon for Node, which is compiled (g++)"]
      : []),
    ...(python ? ["  Python packages   Optuna and what it needs, about 300 MB"] : []),
  ];
}
