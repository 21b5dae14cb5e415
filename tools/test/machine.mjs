// What tests find on this machine and would skip without: nx hashes this, so that installing such a
// program makes skipped tests run.
import { findProgram } from "../setup/npm.mjs";

for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
  console.log(name, findProgram(name) ?? "none");
}
