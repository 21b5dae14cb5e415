import type { Program } from "@mien/cli";
import { MienError } from "@mien/format";
import type { Project } from "./command-names.ts";

/** Only `@mien/app` is a dependency; the others need TensorFlow or Python. */
const LOAD: Readonly<Record<Project, () => Promise<{ readonly program: Program }>>> = {
  app: () => import("@mien/app"),
  data: () => import("@mien/data/program"),
  train: () => import("@mien/train/program"),
  tune: () => import("@mien/tune/program"),
  export: () => import("@mien/export/program"),
  mien: () => import("./setup/program.ts"),
};

/**
 * Loads the commands of an nx project.
 *
 * @throws {MienError} `environment` if its package is not installed.
 */
export async function loadProgram(project: Project): Promise<Program> {
  try {
    return (await LOAD[project]()).program;
  } catch (error) {
    if (!isNotInstalled(error, project)) throw error;
    throw new MienError(
      "environment",
      `this command needs @mien/${project}, which is not installed`,
      {
        cause: error,
      },
    );
  }
}

function isNotInstalled(error: unknown, project: Project): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes(`@mien/${project}`)
  );
}
