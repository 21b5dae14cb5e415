import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { asidePath, cannotWrite, readJson, writeFileAtomic, writeJson } from "@mien/cli";
import { isRecord, MienError } from "@mien/format";

/** A folder that is written as a whole. */
export interface HubFolder {
  readonly folder: string;
  /** The content of each file by its path in the folder, with `/`. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** What the folder was made from. */
  readonly inputs: unknown;
  /** Hash of the code that made it. */
  readonly code: string;
}

/** The path of the record of a folder, beside it. */
export function recordOf(folder: string): string {
  return `${path.normalize(folder).replace(/[/\\]+$/, "")}.made-from.json`;
}

/**
 * Writes a folder completely or not at all, and its record.
 *
 * @throws {MienError} `conflict` if the folder exists and is not, or no longer, what its record says;
 * `environment` if it cannot be written.
 */
export async function writeHubFolder({ folder, files, inputs, code }: HubFolder): Promise<void> {
  await requireOwn(folder);
  const aside = asidePath(folder);
  const former = asidePath(folder);
  try {
    for (const [name, content] of files) await writeFileAtomic(path.join(aside, name), content);
    if (existsSync(folder)) await rename(folder, former);
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!existsSync(folder)) await rename(former, folder).catch(() => undefined);
    throw error instanceof MienError ? error : cannotWrite(folder, error);
  }
  await rm(former, { recursive: true, force: true });
  const outputs = [...files.keys()].map((name) => `${path.basename(folder)}/${name}`);
  const hashes = Object.fromEntries([...files].map(([name, content]) => [name, hash(content)]));
  await mkdir(path.dirname(recordOf(folder)), { recursive: true });
  await writeJson(recordOf(folder), { inputs, code, outputs, sha256: hashes });
}

/**
 * Checks that a folder holds only files that were written by `writeHubFolder` and not changed since.
 *
 * @throws {MienError} `conflict` naming the first other file.
 */
async function requireOwn(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const advice = "Move it away, or give another folder by --out.";
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new MienError("conflict", `${folder} is not a folder`, { advice });
  });
  const record = await readJson(recordOf(folder)).catch(() => undefined);
  const written = isRecord(record) && isRecord(record["sha256"]) ? record["sha256"] : {};
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).replaceAll(path.sep, "/");
    const expected = written[name];
    const problem =
      expected === undefined
        ? "which export:onnx did not write"
        : !entry.isFile() || hash(await readFile(file)) !== expected
          ? "which was changed after export:onnx wrote it"
          : undefined;
    if (problem !== undefined) {
      throw new MienError("conflict", `${folder} holds ${name}, ${problem}`, { advice });
    }
  }
}

function hash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
