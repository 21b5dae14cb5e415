// Finds the commands by the nx targets, so that a package may move.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");

/**
 * @typedef {object} Target
 * @property {string} project name of the nx project.
 * @property {string} name of the target.
 * @property {string[]} words its command line, with paths relative to the root.
 * @property {string[]} dependsOn names of the project's targets that run before it.
 */

/** @typedef {{ options?: { command?: string }, dependsOn?: unknown[] }} RawTarget */

/**
 * Every target with a command line that a package.json or project.json of a package declares.
 *
 * @returns {Map<string, Target>} by `project:target`.
 */
export function readTargets() {
  /** @type {Map<string, Target>} */
  const targets = new Map();
  const defaults = readJson(path.join(ROOT, "nx.json")).targetDefaults ?? {};
  for (const folder of readdirSync(path.join(ROOT, "packages"))) {
    const projectRoot = `packages/${folder}`;
    const project = [
      readJson(path.join(ROOT, projectRoot, "package.json")).nx ?? {},
      readJson(path.join(ROOT, projectRoot, "project.json")),
    ].reduce((all, one) => ({ ...all, ...one, targets: { ...all.targets, ...one.targets } }));
    const projectName = project.name ?? folder;
    for (const [name, target] of Object.entries(project.targets)) {
      const { options = {}, dependsOn = [] } = /** @type {RawTarget} */ (target);
      const command = options.command ?? defaults[name]?.options?.command;
      if (command === undefined) continue;
      const words = command
        .replaceAll("{projectRoot}", projectRoot)
        .replaceAll("{projectName}", projectName)
        .replaceAll("{workspaceRoot}/", "")
        .split(" ");
      targets.set(`${projectName}:${name}`, {
        ...{ project: projectName, name, words },
        dependsOn: dependsOn.filter((other) => typeof other === "string"),
      });
    }
  }
  return targets;
}

/**
 * Finds the command line that a step of the table names.
 *
 * @param {Map<string, Target>} targets
 * @param {string} name `project:target`, or the path of a program below the root.
 * @returns {{ words: string[], target?: Target } | undefined} undefined if there is none. A target that
 *   has moved to another project is found by its own name, if only one project has it.
 */
export function findCommand(targets, name) {
  if (!name.includes(":")) {
    if (!existsSync(path.join(ROOT, name))) return undefined;
    return { words: ["node", "--conditions=source", "--import", "tsx", name] };
  }
  const last = name.split(":")[1];
  const others = [...targets.values()].filter((target) => target.name === last);
  const target = targets.get(name) ?? (others.length === 1 ? others[0] : undefined);
  return target && { words: target.words, target };
}

/** @param {string} file @returns {any} an empty object if the file does not exist. */
function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}
