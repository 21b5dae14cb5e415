import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { halvesModel } from "./models.ts";

const PACKAGE = path.resolve(import.meta.dirname, "../..");
const ROOT = path.resolve(PACKAGE, "../..");

/** The packed packages of this repository. */
export interface Packed {
  /** Folder of the tarballs. */
  readonly folder: string;
  /** Paths of the tarballs: of the runtime and of the models. */
  readonly tarballs: readonly string[];
  /** Names of the packages that npm installs with the runtime. */
  readonly dependencies: readonly string[];
}

/** Packs the runtime and the models by their script. */
export function packPackages(): Packed {
  const folder = mkdtempSync(path.join(tmpdir(), "mien-packs-"));
  const script = path.join(PACKAGE, "pack.mjs");
  const printed = execFileSync(process.execPath, [script, folder], { encoding: "utf8" });
  const tarballs = printed.trim().split("\n");
  const manifest = execFileSync("tar", ["-xzOf", tarballs[0]!, "package/package.json"]);
  const given = JSON.parse(manifest.toString()) as {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly bundleDependencies: readonly string[];
  };
  const isBundled = (name: string) => given.bundleDependencies.includes(name);
  const dependencies = Object.keys(given.dependencies).filter((name) => !isBundled(name));
  return { folder, tarballs, dependencies };
}

/**
 * Makes an empty project outside of the repository, with an expression model in it.
 *
 * @param names of the packed packages that are installed: `runtime`, `models`.
 * @param linked packages of this repository's node_modules that are installed, too.
 * @returns its folder.
 */
export function makeProject(
  { tarballs }: Packed,
  names: readonly string[],
  linked: readonly string[],
): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "mien-empty-")));
  for (const name of names) {
    const home = path.join(folder, "node_modules/@mien", name);
    mkdirSync(home, { recursive: true });
    const tarball = tarballs.find((file) => path.basename(file).startsWith(`mien-${name}-`));
    execFileSync("tar", ["-xzf", tarball!, "-C", home, "--strip-components=1"]);
  }
  for (const name of linked) linkPackage(folder, name);
  writeFileSync(path.join(folder, "package.json"), `{ "type": "module" }`);
  writeFileSync(path.join(folder, "model.onnx"), halvesModel());
  return folder;
}

/** Adds a package of this repository's node_modules to a project. */
export function linkPackage(project: string, name: string): void {
  const [from, to] = [ROOT, project].map((root) => path.join(root, "node_modules", name));
  symlinkSync(from!, to!, "junction");
}
