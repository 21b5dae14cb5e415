/**
 * The commands of the package.
 *
 * @public
 */
export { program } from "./program.ts";
