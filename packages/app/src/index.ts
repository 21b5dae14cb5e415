/** The commands of the package. */
export { program } from "./program.ts";
