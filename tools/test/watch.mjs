// Runs a program under strace and reports the addresses to which it sent and the files that it
// wrote.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {object} Watched
 * @property {number | null} code the exit code; null after a signal.
 * @property {string} output of both streams.
 * @property {string[]} addresses outside this machine to which data were sent, e.g. `10.0.0.1:53`.
 * @property {string[]} written files that were made or opened for writing, as absolute paths.
 */

/** System calls that send to an address, and those that make files. */
const CALLS = [
  "connect",
  "sendto",
  "sendmsg",
  "sendmmsg",
  "openat",
  "open",
  "creat",
  "mkdir",
  "mkdirat",
];

/**
 * Runs a program to its end and watches it and its children.
 *
 * @param {readonly string[]} command
 * @param {object} options
 * @param {string} options.cwd
 * @param {NodeJS.ProcessEnv} options.env its whole environment.
 * @param {string} options.trace the file for strace's record.
 * @param {RegExp} [options.until] ends it (SIGTERM) when its output matches.
 * @returns {Promise<Watched>}
 */
export async function watch(command, { cwd, env, trace, until }) {
  const flags = [
    // strace runs as a child of the program, so that the program gets our signals.
    "-D",
    "-f",
    "-qq",
    "--seccomp-bpf",
    "-yy",
    "-s",
    "200",
    "-o",
    trace,
    "-e",
    `trace=${CALLS.join(",")}`,
  ];
  const child = spawn("strace", [...flags, ...command], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (until?.test(output)) child.kill("SIGTERM");
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, output, ...readTrace(readFileSync(trace, "utf8"), cwd) };
}

/**
 * What strace recorded.
 *
 * @param {string} trace with `-yy`, so that each socket shows its peer, e.g. `<UDP:[…->10.0.0.1:53]>`.
 * @param {string} cwd where relative paths begin.
 * @returns {{ addresses: string[], written: string[] }} each once, in their order.
 */
export function readTrace(trace, cwd) {
  const addresses = new Set();
  const written = new Set();
  for (const line of trace.split("\n")) {
    for (const address of peersOf(line)) if (!LOOPBACK.test(address)) addresses.add(address);
    const makes = /\b(?:creat|mkdir|mkdirat)\(/.test(line) || /O_(?:WRONLY|RDWR|CREAT)/.test(line);
    const file = /\((?:[^,"]*?<([^>]*)>, |AT_FDCWD, )?"([^"]*)"/.exec(line);
    if (!makes || file === null || / = -1 /.test(line)) continue;
    written.add(path.resolve(cwd, file[1] ?? "", file[2] ?? ""));
  }
  return { addresses: [...addresses], written: [...written] };
}

const LOOPBACK = /^(127\.|\[::1\]|\[::ffff:127\.|0\.0\.0\.0|\[::\])/;

/**
 * The addresses to which one system call sends.
 *
 * @param {string} line
 * @returns {string[]} e.g. `10.0.0.1:53`, `[2001:db8::1]:443`.
 */
function peersOf(line) {
  const [, call = "", socket = ""] = /\b(\w+)\(\d+(?:<(.*?)>[,)])?/.exec(line) ?? [];
  if (!/^(connect|send)/.test(call)) return [];
  // Connecting a UDP socket sends nothing; Chromium does this to check whether there is a route.
  if (call === "connect" && socket.startsWith("UDP")) return [];
  const named = line.matchAll(
    /sin6?_port=htons\((\d+)\), (?:sin6_flowinfo=[^,]*, )?(?:sin_addr=inet_addr|inet_pton)\((?:AF_INET6, )?"([^"]+)"/g,
  );
  const explicit = [...named].map(([, port, host = ""]) =>
    host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
  );
  const [, peer] = /^(?:TCP|UDP).*->(.*?)\]$/.exec(socket) ?? [];
  return peer === undefined ? explicit : [...explicit, peer];
}
