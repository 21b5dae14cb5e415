import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { libtensorflowFolder, pinned } from "./libtensorflow.mjs";
import { libc } from "./node-modules.mjs";
import { findProgram, npmCommand } from "./npm.mjs";
import { VENV_PYTHON } from "./python.mjs";
import { outputOf, run } from "./run.mjs";
import { howToGet, SetupError } from "./setup-error.mjs";

const PACKAGE = "node_modules/@tensorflow/tfjs-node";
/** Inside the package, so that it goes when the package is replaced. */
const STAMP = path.join(PACKAGE, "mien-setup.json");
/** N-API 8: one build serves every Node from 16 on. */
const ADDON = path.join(PACKAGE, "lib/napi-v8/tfjs_binding.node");

/** Whether libtensorflow is the one that we pin; elsewhere it is the one that tfjs-node downloads. */
export const IS_PINNED = process.platform === "linux" && process.arch === "x64";

const COMPILER = {
  debian: "apt-get install g++ make",
  fedora: "dnf install gcc-c++ make",
  macos: "xcode-select --install",
  windows: "winget install Microsoft.VisualStudio.2022.BuildTools",
};

/** Included by every file of the addon that is compiled here. */
const SIGNALS = path.resolve("tools/setup/signals.h");

/** What a build depends on besides tfjs-node itself. */
function made() {
  const { platform, arch } = process;
  if (!IS_PINNED) return [platform, arch, "stock"].join(" ");
  const signals = createHash("sha256").update(readFileSync(SIGNALS)).digest("hex");
  return [platform, arch, pinned().sha256, signals].join(" ");
}

/**
 * Why TensorFlow must be built into tfjs-node.
 *
 * @returns {{ problem?: string, version?: string }} no problem if all is well, then TensorFlow's version.
 */
export function tensorflowState() {
  if (!existsSync(STAMP)) return { problem: "tfjs-node has no addon yet" };
  /** @type {{ made: string, version: string }} */
  const stamp = JSON.parse(readFileSync(STAMP, "utf8"));
  if (stamp.made !== made()) return { problem: "tfjs-node's addon is of another build" };
  const libraries = ["libtensorflow.so.2", "libtensorflow_framework.so.2"];
  const files = IS_PINNED ? libraries.map((name) => path.join(PACKAGE, "deps/lib", name)) : [];
  const gone = [ADDON, ...files].find((file) => !existsSync(file));
  return gone === undefined ? { version: stamp.version } : { problem: `${gone} is missing` };
}

/**
 * Sees that the addon can be built here, before anything is downloaded for it.
 *
 * @throws {SetupError}
 */
export function checkCompiler() {
  if (!IS_PINNED) return;
  if (libc() === "musl") {
    throw new SetupError(
      "TensorFlow has no build for musl: use a Linux with glibc, such as Debian or Fedora.",
    );
  }
  const compiler = (process.env.CXX ?? "g++").split(" ")[0] ?? "";
  const missing = [compiler, "make"].filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  throw new SetupError(
    `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing, to compile TensorFlow's addon for Node: install with ${howToGet(COMPILER)}.`,
  );
}

/** Builds tfjs-node's addon with its own install script, against the pinned libtensorflow. */
export async function buildAddon() {
  rmSync(STAMP, { force: true });
  if (IS_PINNED) {
    const deps = path.join(PACKAGE, "deps");
    rmSync(deps, { recursive: true, force: true });
    symlinkSync(libtensorflowFolder(), deps);
  }
  const prefix = path.resolve(process.execPath, "../..");
  const headers = existsSync(path.join(prefix, "include/node/node_api.h"));
  const rebuild = ["rebuild", "@tensorflow/tfjs-node", "--ignore-scripts=false"];
  try {
    await run([...npmCommand(), ...rebuild, "--foreground-scripts", "--no-progress"], {
      env: {
        // Our libtensorflow wants an addon that is compiled against it, not the downloaded one.
        ...(IS_PINNED ? { npm_config_build_from_source: "true", CXXFLAGS: cxxFlags() } : {}),
        // Node's headers where they came with it; node-gyp would download them.
        ...(headers ? { npm_config_nodedir: prefix } : {}),
        NODE_GYP_FORCE_PYTHON: VENV_PYTHON,
      },
    });
  } catch (error) {
    throw buildError(error);
  }
}

function cxxFlags() {
  const own = process.env.CXXFLAGS ?? "";
  return `${own} -include '${SIGNALS}'`.trim();
}

/** @param {unknown} error */
function buildError(error) {
  const all = outputOf(error);
  // What the tools between us and the compiler add says nothing about what went wrong.
  const noise = /^(node-pre-gyp ERR!|gyp (ERR!|info)|npm (error|notice|warn)).*(\n|$)/gm;
  const options = { output: all.replace(noise, ""), cause: error };
  if (!IS_PINNED) {
    return new SetupError(
      `tfjs-node could not be installed: it downloads TensorFlow from storage.googleapis.com and, where no addon is ready, compiles one, so see above whether it lacks the network or a compiler (${howToGet(COMPILER)}).`,
      options,
    );
  }
  if (/install got an error|node_api\.h: No such file/.test(all)) {
    return new SetupError(
      "TensorFlow's addon needs Node's headers, which were neither beside Node nor to be downloaded: install Node with its include/node folder, or set npm_config_nodedir to the folder that holds include/node.",
      options,
    );
  }
  return new SetupError(
    "TensorFlow's addon for Node did not compile: the lines above say why; MIEN_DEBUG=1 shows them all.",
    options,
  );
}

/**
 * Proves in a process of its own that tfjs-node computes with TensorFlow, and stamps the build.
 *
 * @returns {Promise<string>} which TensorFlow it is.
 * @throws {SetupError} if the backend is another one, or another TensorFlow than the pinned.
 */
export async function verifyTensorflow() {
  /** @param {unknown} [cause] */
  const fail = (cause) => {
    const remedy = IS_PINNED ? `${libtensorflowFolder()} and ${PACKAGE}` : PACKAGE;
    return new SetupError(
      `tfjs-node does not run on native TensorFlow: delete ${remedy}, then run this again.`,
      { output: outputOf(cause), cause },
    );
  };
  let version;
  try {
    const printed = await run([process.execPath, "tools/setup/verify-tensorflow.mjs"]);
    version = printed.trim().split("\n").at(-1) ?? "";
  } catch (error) {
    throw fail(error);
  }
  if (IS_PINNED && version !== pinned().version) {
    throw fail(new Error(`expected TensorFlow ${pinned().version}, found ${version}`));
  }
  writeFileSync(STAMP, `${JSON.stringify({ made: made(), version })}\n`);
  return `TensorFlow ${version}`;
}
