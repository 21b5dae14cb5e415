/*
 * Proves what a stranger gets: starts a registry on this machine (verdaccio), publishes all packages
 * of mien there, and installs and starts them in an empty folder with an empty cache of npm. Prints
 * how long it takes until the first result, and what was installed.
 *
 *   node tools/registry.mjs [--picture FILE] [--setup] [--keep]
 *
 * Other packages come from the registry that npm uses. --setup also tries `mien setup` and the
 * commands that need it, which takes minutes and needs Python and g++. --keep leaves the registry
 * running.
 */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { compile, packPublished } from "./packing.mjs";
import { trySetup } from "./registry/setup-trial.mjs";
import { installOnce } from "./setup/install-once.mjs";
import { emptyFolder, freePort, run, sizeOf, stranger } from "./registry/stranger.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const [PORT, PAGE_PORT] = [await freePort(), await freePort()];
const REGISTRY = `http://127.0.0.1:${PORT}/`;
/** Newer versions need a newer node-fetch than this registry works with. */
const VERDACCIO = { dependencies: { verdaccio: "6.8.0" }, overrides: { "node-fetch": "2.7.0" } };

const { values } = parseArgs({
  options: {
    picture: { type: "string" },
    setup: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const work = mkdtempSync(path.join(tmpdir(), "mien-registry-"));
const upstream = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
const children = [];
try {
  await startRegistry();
  publishAll();
  const rows = [analyze(), await live(), runtime()];
  if (values.setup) {
    const folder = emptyFolder(work);
    rows.push(...trySetup(folder, stranger(folder, REGISTRY)));
  }
  console.log(
    "\n| from an empty folder and cache | first result | limit | installed |\n| --- | --- | --- | --- |",
  );
  for (const { what, seconds, limit, bytes } of rows) {
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    console.log(`| ${what} | ${seconds.toFixed(1)} s | ${limit} | ${size} |`);
  }
  if (values.keep) {
    console.log(`\nregistry: ${REGISTRY} (Ctrl-C ends it)`);
    await new Promise((resolve) => process.once("SIGINT", resolve));
  }
} finally {
  for (const child of children) child.kill();
  rmSync(work, { recursive: true, force: true });
}

async function startRegistry() {
  const program = path.join(ROOT, ".cache/verdaccio");
  installOnce(program, VERDACCIO);
  const own = { access: "$all", publish: "$all" };
  const config = {
    storage: path.join(work, "storage"),
    auth: { htpasswd: { file: path.join(work, "htpasswd") } },
    uplinks: { upstream: { url: upstream } },
    packages: { "@mien/*": own, mien: own, "**": { access: "$all", proxy: "upstream" } },
    log: { type: "stdout", level: "error" },
    web: { enable: false },
    max_body_size: "200mb",
    publish: { allow_offline: true },
  };
  // YAML contains JSON.
  const file = path.join(work, "config.yaml");
  writeFileSync(file, JSON.stringify(config));
  const bin = path.join(program, "node_modules/verdaccio/bin/verdaccio");
  const words = [bin, "--config", file, "--listen", `127.0.0.1:${PORT}`];
  children.push(spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] }));
  for (let tries = 0; ; tries++) {
    if (
      await globalThis.fetch(`${REGISTRY}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    if (tries === 100) throw new Error("the registry does not answer");
    await sleep(200);
  }
}

function publishAll() {
  const login = path.join(work, "npmrc");
  writeFileSync(login, `//127.0.0.1:${PORT}/:_authToken=anybody\n`);
  for (const name of readdirSync(path.join(ROOT, "packages"))) {
    const folder = path.join(ROOT, "packages", name);
    const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    if (manifest.private) continue;
    console.log(`publishing ${manifest.name}`);
    // The same file that the release sends.
    compile(folder);
    const file = packPublished(folder, { target: path.join(work, "packed") });
    const flags = ["--access", "public", "--registry", REGISTRY, "--userconfig", login];
    run(["npm", "publish", file, "--ignore-scripts", ...flags], { cwd: work });
  }
}

/** `npx mien analyze` on a picture. */
function analyze() {
  const folder = emptyFolder(work);
  const picture = values.picture ?? path.join(ROOT, "docs/images/drawn-faces.png");
  const name = `photo${path.extname(picture)}`;
  cpSync(picture, path.join(folder, name));
  const seconds = run(["npx", "--yes", "mien", "analyze", "--source", name], {
    cwd: folder,
    env: stranger(folder, REGISTRY),
  });
  return {
    what: "`npx mien analyze --source photo.png`",
    seconds,
    limit: "60 s",
    bytes: sizeOf(path.join(folder, "cache/_npx")),
  };
}

/** `npx mien live` until its page opens. */
async function live() {
  const folder = emptyFolder(work);
  const started = performance.now();
  const child = spawn(
    "npx",
    ["--yes", "mien", "live", "--source", "browser", "--port", String(PAGE_PORT)],
    {
      cwd: folder,
      env: stranger(folder, REGISTRY),
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    },
  );
  let printed = "";
  child.stdout.on("data", (chunk) => (printed += chunk));
  try {
    for (;;) {
      const [address] = /http:\/\/127\.0\.0\.1:\d+\S*/.exec(printed) ?? [];
      if (
        address !== undefined &&
        (await globalThis.fetch(address).then(
          ({ ok }) => ok,
          () => false,
        ))
      )
        break;
      if (child.exitCode !== null) throw new Error(`mien live ended: ${printed}`);
      await sleep(50);
    }
    const seconds = (performance.now() - started) / 1000;
    return {
      what: "`npx mien live`, until the page opens",
      seconds,
      limit: "60 s",
      bytes: sizeOf(path.join(folder, "cache/_npx")),
    };
  } finally {
    process.kill(-child.pid, "SIGINT");
  }
}

/** `npm install @mien/runtime @mien/models`. */
function runtime() {
  const folder = emptyFolder(work);
  const env = stranger(folder, REGISTRY);
  const seconds = run(["npm", "install", "@mien/runtime", "@mien/models"], { cwd: folder, env });
  const all = sizeOf(path.join(folder, "node_modules"));
  const onnxruntime = readdirSync(path.join(folder, "node_modules"))
    .filter((name) => name.startsWith("onnxruntime"))
    .reduce((sum, name) => sum + sizeOf(path.join(folder, "node_modules", name)), 0);
  return {
    what: "`npm install @mien/runtime @mien/models`, without onnxruntime",
    seconds,
    limit: "25 MB",
    bytes: all - onnxruntime,
  };
}
