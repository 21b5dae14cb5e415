import { isRecord, messageOf } from "@mien/format";

/**
 * Whether the import of a package failed because the package itself is not installed. A package that
 * is there, but lacks one of its own dependencies, does not count.
 *
 * @param error that the import threw.
 */
export function isNotInstalled(error: unknown, name: string): boolean {
  return (
    isRecord(error) &&
    (error["code"] === "ERR_MODULE_NOT_FOUND" || error["code"] === "MODULE_NOT_FOUND") &&
    messageOf(error).includes(`'${name}'`)
  );
}
