import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libtensorflowFolder } from "./libtensorflow.mjs";
import { checkPath } from "./path.mjs";
import { compileAddon, IS_PINNED } from "./tensorflow.mjs";

const REPOSITORY = path.resolve(import.meta.dirname, "../..");
const PACKAGE = "node_modules/@tensorflow/tfjs-node";

/** Replaces tfjs-node's addon: it calls TensorFlow, and compiles in a fraction of a second. */
const ADDON = `
#include <node_api.h>
#include "tensorflow/c/c_api.h"
static napi_value Init(napi_env env, napi_value exports) {
  napi_value version;
  napi_create_string_utf8(env, TF_Version(), NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "version", version);
  return exports;
}
NAPI_MODULE(tiny, Init)
`;

/** Replaces libtensorflow, which takes seconds to link to. */
const LIBRARY = 'extern "C" const char* TF_Version() { return "stand-in"; }\n';

let folder: string;
let library: string;
const cache = process.env["MIEN_CACHE"];
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mien-path-"));
  library = path.join(folder, "library");
  mkdirSync(path.join(library, "lib"), { recursive: true });
  mkdirSync(path.join(library, "include/tensorflow/c"), { recursive: true });
  writeFileSync(
    path.join(library, "include/tensorflow/c/c_api.h"),
    'extern "C" const char* TF_Version();\n',
  );
  writeFileSync(path.join(library, "library.cc"), LIBRARY);
  for (const name of ["libtensorflow.so", "libtensorflow_framework.so"]) {
    const options = ["-shared", "-fPIC", `-Wl,-soname,${name}`, "-o", `lib/${name}`];
    execFileSync("g++", [...options, "library.cc"], { cwd: library });
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (cache === undefined) delete process.env["MIEN_CACHE"];
  else process.env["MIEN_CACHE"] = cache;
});

/** A clone's folder with what the compiler reads. */
function plantClone(name: string): string {
  const root = path.join(folder, name);
  for (const made of [`${PACKAGE}/binding`, "tools/setup/native"]) {
    mkdirSync(path.join(root, made), { recursive: true });
  }
  writeFileSync(path.join(root, PACKAGE, "binding/tiny.cc"), ADDON);
  for (const header of ["signals.h", "logging.h"]) {
    const file = path.join("tools/setup/native", header);
    cpSync(path.join(REPOSITORY, file), path.join(root, file));
  }
  // The user's cache folder may be called so as well.
  process.env["MIEN_CACHE"] = path.join(root, "cache");
  mkdirSync(path.dirname(libtensorflowFolder()), { recursive: true });
  symlinkSync(library, libtensorflowFolder());
  const headers = "node_modules/node-api-headers";
  symlinkSync(path.join(REPOSITORY, headers), path.join(root, headers));
  return root;
}

describe.runIf(IS_PINNED)("TensorFlow's addon", () => {
  // Every character that a shell, make, a URL, a glob or a list of options reads as something else.
  it.each([
    "a blank\tand a tab",
    "hash#",
    "dollar$HOME$(x)`y`",
    "quote'",
    'quotes"',
    "back\\slash",
    "ampersand&;|<>",
    "(s)[s]{s}*?",
    "percent%20%,=+@!~",
    "-option",
    "Ünïcödé 顔",
    "new\nline",
  ])("compiles and loads in a folder called %j", async (name) => {
    const root = plantClone(name);
    await compileAddon(root);
    const addon = path.join(root, PACKAGE, "lib/napi-v8/tfjs_binding.node");
    const load = "console.log(require(process.argv[1]).version)";
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", load, addon], {
      encoding: "utf8",
    });
    expect(stdout, stderr).toBe("stand-in\n");
  });

  it("refuses folders in which npm cannot work, before anything is downloaded", () => {
    expect(() => checkPath("/home/a:b/mien")).toThrow(/holds a ":".*move or rename/);
    expect(() => checkPath("/home/a b#$&'(ü/mien")).not.toThrow();
  });
});
