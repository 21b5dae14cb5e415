// Publishes one packed file.
import { spawnSync } from "node:child_process";

/**
 * Publishes a packed file, unless the registry has this version. Therefore a release that failed
 * can be repeated.
 */
export function send({ name, version, file }) {
  const known = npm(["view", `${name}@${version}`, "version"], "pipe");
  if (known.status === 0 && known.stdout.trim() !== "") {
    console.log(`${name} ${version} is published already`);
    return;
  }
  // The packed file is compiled, so no script has to run.
  const words = ["publish", file, "--access", "public", "--provenance", "--ignore-scripts"];
  if (npm(words, "inherit").status !== 0) {
    console.error(`${name} ${version} was not published: npm printed the reason above.`);
    process.exit(1);
  }
}

function npm(words, stdout) {
  return spawnSync("npm", words, {
    encoding: "utf8",
    stdio: ["ignore", stdout, stdout === "pipe" ? "ignore" : "inherit"],
    shell: process.platform === "win32",
  });
}
