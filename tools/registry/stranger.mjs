import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";

/** Variables with which this machine reaches registries: proxies, certificates, pip's settings. */
const NETWORK = /^(https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_.*|pip_.*)$/i;

/** What a first use has cost. @typedef {{ what: string, seconds: number, limit: string, bytes: number }} Row */

/** A port of this machine that no program listens on. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

/** A new empty folder. @param {string} parent */
export function emptyFolder(parent) {
  return mkdtempSync(path.join(parent, "stranger-"));
}

/**
 * The environment of somebody who has never used npm, and cannot reach what is not a package.
 *
 * @param {string} folder becomes the home.
 * @param {string} registry
 */
export function stranger(folder, registry) {
  const network = Object.entries(process.env).filter(([name]) => NETWORK.test(name));
  return {
    ...Object.fromEntries(network),
    PATH: process.env.PATH,
    HOME: folder,
    npm_config_cache: path.join(folder, "cache"),
    npm_config_registry: registry,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    // Its files for GPUs do not come from the registry.
    ONNXRUNTIME_NODE_INSTALL: "skip",
  };
}

/** The size of all files in a folder, in bytes. @param {string} folder */
export function sizeOf(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}

/**
 * Runs a program to its end and shows what it prints.
 *
 * @param {readonly string[]} command
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} options
 * @returns {number} how long it took, in seconds.
 * @throws {Error} if it fails.
 */
export function run([program = "", ...words], options) {
  const started = performance.now();
  const { status } = spawnSync(program, words, {
    stdio: ["ignore", "inherit", "inherit"],
    ...options,
  });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")} ended with ${status}`);
  return (performance.now() - started) / 1000;
}
