/** The nx projects whose commands `mien` has. */
export type Project = "app" | "data" | "train" | "tune" | "export" | "mien";

/** A command of `mien`: its name, and the nx project and target that do the same in a clone. */
export interface CommandName {
  readonly name: string;
  readonly project: Project;
  readonly command: string;
}

const own = (project: Project, ...names: readonly string[]): CommandName[] =>
  names.map((name) => ({ name, project, command: name }));

/** All commands, in the order of the help. Commands that only developers need are left out. */
export const COMMAND_NAMES: readonly CommandName[] = [
  ...own("app", "live", "analyze", "acquire", "record", "people", "doctor"),
  ...own("data", "explore", "audit", "import", "split", "fetch", "synth"),
  ...own("train", "fit", "evaluate", "runs", "compare", "crossval", "teach"),
  { name: "tune", project: "tune", command: "search" },
  { name: "tune-report", project: "tune", command: "report" },
  { name: "tune-dashboard", project: "tune", command: "dashboard" },
  { name: "export", project: "export", command: "onnx" },
  { name: "verify", project: "export", command: "verify" },
  ...own("mien", "setup"),
];

/** The name of a command of an nx project; undefined if `mien` does not have it. */
export function nameOf(project: string, command: string): string | undefined {
  return COMMAND_NAMES.find((known) => known.project === project && known.command === command)
    ?.name;
}
