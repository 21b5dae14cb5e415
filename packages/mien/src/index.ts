/**
 * Runs a command line of `mien` in this process.
 *
 * @public
 */
export { runMien } from "./run-mien.ts";
