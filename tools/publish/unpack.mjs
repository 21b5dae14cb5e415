// Reads the files of a packed package.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * @param {string} tarball the .tgz that npm packed.
 * @returns {Map<string, Buffer>} the content of each file, by its path in the package.
 */
export function unpack(tarball) {
  const folder = mkdtempSync(path.join(tmpdir(), "mien-unpack-"));
  try {
    execFileSync("tar", ["-xzf", path.resolve(tarball), "-C", folder]);
    const root = path.join(folder, "package");
    const entries = readdirSync(root, { recursive: true, withFileTypes: true });
    return new Map(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .map((file) => [path.relative(root, file).replaceAll("\\", "/"), readFileSync(file)]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
