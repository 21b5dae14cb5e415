import { spawnSync } from "node:child_process";
import path from "node:path";
import { run, sizeOf } from "./stranger.mjs";

/** A training that ends soon, and what follows it. */
const COMMANDS = [
  ["synth", "--count", "70", "--out", "drawn"],
  ["explore", "--csv", "drawn/synth.csv"],
  ["fit", "--csv", "drawn/synth.csv", "--out", "artifacts/runs/first", "--epochs", "1"],
  ["export", "first"],
  ["verify", "first"],
  ["tune", "--csv", "drawn/synth.csv", "--trials", "1", "--epochs", "1", "--study", "first"],
];

/**
 * `npx mien setup`, and the commands that need it.
 *
 * @param {string} folder an empty folder.
 * @param {Record<string, string | undefined>} env
 * @returns {import("./stranger.mjs").Row[]}
 */
export function trySetup(folder, env) {
  const place = { cwd: folder, env };
  const { status, stderr } = spawnSync("npx", ["--yes", "mien", "fit"], {
    ...place,
    encoding: "utf8",
  });
  if (status !== 1 || !/mien setup fit installs, into .*TensorFlow/s.test(stderr)) {
    throw new Error(`npx mien fit must say what mien setup installs, found ${status}: ${stderr}`);
  }
  console.log(stderr);
  const cache = path.join(folder, ".cache/mien");
  const row = (what, seconds) => ({ what, seconds, limit: "", bytes: sizeOf(cache) });
  const rows = [
    row("`npx mien setup explore`", run(["npx", "mien", "setup", "explore"], place)),
    row("`npx mien setup`", run(["npx", "mien", "setup"], place)),
    row("`npx mien setup`, again", run(["npx", "mien", "setup"], place)),
  ];
  for (const words of COMMANDS) {
    rows.push(row(`\`npx mien ${words[0]}\``, run(["npx", "mien", ...words], place)));
  }
  return rows;
}
