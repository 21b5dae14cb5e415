// Prints the programs of this machine without which tests are skipped. nx hashes this output, so
// that skipped tests run once such a program is installed.
import { existsSync, readdirSync } from "node:fs";
import { findProgram } from "../setup/npm.mjs";

for (const name of ["chromium", "chromium-browser", "google-chrome", "ffmpeg"]) {
  console.log(name, findProgram(name) ?? "none");
}
const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
const fakenect = folders.filter((name) => existsSync(`/usr/lib/${name}/fakenect`));
console.log("fakenect", fakenect.join(" ") || "none");
const postgres = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
console.log("postgresql", postgres.join(" ") || (findProgram("initdb") ?? "none"));
