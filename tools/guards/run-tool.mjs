import { spawn } from "node:child_process";
import path from "node:path";

/**
 * Runs an installed program, in Node.
 *
 * @param {string} root
 * @param {string} program its file, from node_modules.
 * @param {readonly string[]} args
 * @returns {Promise<string>} what it printed to stdout. Programs that check exit with 1 for findings.
 * @throws {Error} if it failed otherwise.
 */
export async function runTool(root, program, args) {
  const file = path.join(root, "node_modules", program);
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8"));
  /** @param {import("node:stream").Readable | undefined} stream */
  const read = async (stream) => (await stream?.toArray())?.join("") ?? "";
  const closed = new Promise((resolve) => child.once("close", resolve));
  const [printed, complaint] = await Promise.all([read(out), read(err)]);
  const code = await closed;
  if (code === 0 || (code === 1 && printed !== "")) return printed;
  throw new Error(`${program} failed with ${code}:\n${complaint}${printed}`);
}
