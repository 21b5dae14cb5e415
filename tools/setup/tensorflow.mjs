import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { libtensorflowFolder, pinned } from "./libtensorflow.mjs";
import { libc } from "./node-modules.mjs";
import { findProgram, npmCommand } from "./npm.mjs";
import { VENV_PYTHON } from "./python.mjs";
import { outputOf, run } from "./run.mjs";
import { howToGet, SetupError } from "./setup-error.mjs";

const PACKAGE = "node_modules/@tensorflow/tfjs-node";
/**
 * The record of the build. It is inside the package, so that it is deleted when the package is
 * replaced.
 */
const STAMP = path.join(PACKAGE, "mien-setup.json");
/** The version of Node's binary interface: one build for 8 serves every Node from 16 on. */
const NAPI_VERSION = 8;
const ADDON = path.join(PACKAGE, `lib/napi-v${NAPI_VERSION}/tfjs_binding.node`);
/**
 * Headers of that interface. Node's own headers are often missing, and node-gyp would download
 * them.
 */
const NODE_HEADERS = "node_modules/node-api-headers/include";

/** Whether the pinned libtensorflow is used; on other machines tfjs-node downloads its own. */
export const IS_PINNED = process.platform === "linux" && process.arch === "x64";

const COMPILER = {
  debian: "apt-get install g++",
  fedora: "dnf install gcc-c++",
  macos: "xcode-select --install",
  windows: "winget install Microsoft.VisualStudio.2022.BuildTools",
};

/** The folder of mien's own parts of the addon: all .cc files are compiled. */
const NATIVE = "tools/setup/native";
/** Included by every file of the addon that is compiled here. */
const HEADERS = ["signals.h", "logging.h"].map((name) => `${NATIVE}/${name}`);

/** Identifies what a build depends on besides tfjs-node itself. */
function made() {
  const { platform, arch } = process;
  if (!IS_PINNED) return [platform, arch, "stock"].join(" ");
  const native = createHash("sha256");
  for (const name of readdirSync(NATIVE).sort())
    native.update(readFileSync(path.join(NATIVE, name)));
  return [platform, arch, pinned().sha256, native.digest("hex")].join(" ");
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
  if (stamp.made !== made()) return { problem: "tfjs-node's addon is from another build" };
  const libraries = ["libtensorflow.so.2", "libtensorflow_framework.so.2"];
  const files = IS_PINNED ? libraries.map((name) => path.join(PACKAGE, "deps/lib", name)) : [];
  const gone = [ADDON, ...files].find((file) => !existsSync(file));
  return gone === undefined ? { version: stamp.version } : { problem: `${gone} is missing` };
}

/**
 * Checks that the addon can be built on this machine, before anything is downloaded.
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
  const [compiler = "g++"] = words(process.env.CXX ?? "g++");
  if (findProgram(compiler) !== undefined) return;
  throw new SetupError(
    `${compiler} is missing, which compiles TensorFlow's addon for Node: install it with ${howToGet(COMPILER)}.`,
  );
}

/**
 * Builds tfjs-node's addon: it is compiled here against the pinned libtensorflow; if none is
 * pinned, tfjs-node's own install script builds it.
 *
 * @throws {SetupError}
 */
export async function buildAddon() {
  rmSync(STAMP, { force: true });
  if (IS_PINNED) await compileAddon();
  else await runInstallScript();
}

/**
 * Compiles tfjs-node's addon with one call of the compiler.
 *
 * The compiler is started without a shell and without make, and gets paths below the clone's folder only.
 * tfjs-node's own way (node-pre-gyp, node-gyp, make, sh) fails where the clone's path holds a blank or
 * another character that means something to one of them.
 *
 * @param {string} [root] the clone's folder; default: the working folder.
 * @throws {SetupError}
 * @internal for tests
 */
export async function compileAddon(root = ".") {
  const deps = path.join(root, PACKAGE, "deps");
  rmSync(deps, { recursive: true, force: true });
  symlinkSync(libtensorflowFolder(), deps);
  const addon = path.join(root, ADDON);
  // A new file, since an old one may be mapped by a running program or be a hard link.
  rmSync(addon, { force: true });
  mkdirSync(path.dirname(addon), { recursive: true });

  const binding = path.join(PACKAGE, "binding");
  const sources = [binding, NATIVE].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith(".cc"))
      .map((name) => path.join(folder, name)),
  );
  const command = [
    ...words(process.env.CXX ?? "g++"),
    ...["-shared", "-fPIC", "-std=gnu++17", "-O3", "-pthread", "-fno-rtti", "-fno-exceptions"],
    `-DNAPI_VERSION=${NAPI_VERSION}`,
    ...words(process.env.CXXFLAGS ?? ""),
    ...HEADERS.flatMap((header) => ["-include", header]),
    ...["-I", NODE_HEADERS, "-I", path.join(PACKAGE, "deps/include"), "-I", PACKAGE],
    ...sources,
    ...words(process.env.LDFLAGS ?? ""),
    ...["-L", path.join(PACKAGE, "deps/lib"), "-ltensorflow", "-ltensorflow_framework"],
    // Relative to lib/napi-v8.
    "-Wl,-rpath,$ORIGIN/../../deps/lib",
    ...["-o", ADDON],
  ];
  try {
    await run(command, { cwd: root });
  } catch (error) {
    throw new SetupError(
      "TensorFlow's addon for Node did not compile: the lines above say why; MIEN_DEBUG=1 shows them all.",
      { output: outputOf(error), cause: error },
    );
  }
}

/** @param {string} text @returns {string[]} the words of a text between blanks. */
function words(text) {
  return text.split(/\s+/).filter((word) => word !== "");
}

async function runInstallScript() {
  const rebuild = ["rebuild", "@tensorflow/tfjs-node", "--ignore-scripts=false"];
  try {
    await run([...npmCommand(), ...rebuild, "--foreground-scripts", "--no-progress"], {
      env: { NODE_GYP_FORCE_PYTHON: VENV_PYTHON },
    });
  } catch (error) {
    // Messages of the tools that start the compiler do not explain the failure.
    const noise = /^(node-pre-gyp ERR!|gyp (ERR!|info)|npm (error|notice|warn)).*(\n|$)/gm;
    const folder = process.cwd();
    const advice = /^[\w./\\:-]*$/.test(folder)
      ? ""
      : ` If it is the compiler that fails, move the clone: make cannot read every character of ${folder}.`;
    throw new SetupError(
      `tfjs-node could not be installed: it downloads TensorFlow from storage.googleapis.com and, where no addon is ready, compiles one, so see above whether it lacks the network or a compiler (${howToGet(COMPILER)}).${advice}`,
      { output: outputOf(error).replace(noise, ""), cause: error },
    );
  }
}

/**
 * Checks in a process of its own that tfjs-node computes with TensorFlow, and records the build.
 *
 * @returns {Promise<string>} the version of TensorFlow.
 * @throws {SetupError} if the backend or the version of TensorFlow is not the expected one.
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
