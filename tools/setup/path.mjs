import path from "node:path";
import { SetupError } from "./setup-error.mjs";

/**
 * Checks that npm and Python can work in a folder.
 *
 * @param {string} folder an absolute path.
 * @throws {SetupError} if it contains the separator of PATH (":", on Windows ";"): npm and Python's
 *   venv put folders of the clone into PATH, where nothing can quote it.
 */
export function checkPath(folder) {
  if (!folder.includes(path.delimiter)) return;
  throw new SetupError(
    `the path ${folder} holds a "${path.delimiter}", which separates the folders of PATH, so that neither npm nor Python can work there: move or rename the folder, then run this again.`,
  );
}
