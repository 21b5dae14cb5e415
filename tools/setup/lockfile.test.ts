import { describe, expect, it } from "vitest";
import { firstDifference, type Lockfile } from "./lockfile.mjs";
import { nodeModulesProblem } from "./node-modules.mjs";

const linux = { os: "linux", cpu: "x64", libc: "glibc" };
const lock: Lockfile = {
  packages: {
    "": { version: "0.1.0" },
    "packages/data": { version: "0.1.0" },
    "node_modules/@mien/data": { resolved: "packages/data", link: true },
    "node_modules/zod": { version: "4.6.7", integrity: "sha512-a" },
    "node_modules/fast-linux": {
      version: "1.0.0",
      optional: true,
      os: ["linux"],
      cpu: ["x64"],
      libc: ["glibc"],
    },
    "node_modules/fast-musl": {
      version: "1.0.0",
      optional: true,
      os: ["linux"],
      cpu: ["x64"],
      libc: ["musl"],
    },
    "node_modules/fast-mac": { version: "1.0.0", optional: true, os: ["darwin"], cpu: ["arm64"] },
    "node_modules/fast-wasm": { version: "1.0.0", optional: true, cpu: ["wasm32"] },
    "node_modules/fast-wasm/node_modules/helper": { version: "1.0.0", optional: true },
  },
};

function installed(change: Lockfile["packages"] = {}, without: readonly string[] = []): Lockfile {
  const others = ["fast-musl", "fast-mac", "fast-wasm", "fast-wasm/node_modules/helper"];
  const gone = [...others, ...without].map((name) => `node_modules/${name}`);
  const packages = { ...lock.packages, ...change };
  return {
    packages: Object.fromEntries(
      Object.entries(packages).filter(([place]) => place !== "" && !gone.includes(place)),
    ),
  };
}

describe("an installation", () => {
  it("is complete without the optional packages of other machines", () => {
    expect(firstDifference(lock, installed(), linux)).toBeUndefined();
  });

  it("lacks the optional packages of this machine when it was made on another", () => {
    expect(firstDifference(lock, installed(), { ...linux, libc: "musl" })).toMatch(/fast-musl/);
    const mac = { os: "darwin", cpu: "arm64", libc: undefined };
    expect(firstDifference(lock, installed(), mac)).toMatch(/fast-mac is missing/);
  });

  it.each([
    [{}, ["zod"], "node_modules/zod is missing"],
    [{}, ["fast-linux"], "node_modules/fast-linux is missing"],
    [{}, ["@mien/data"], "node_modules/@mien/data is missing"],
    [{ "node_modules/zod": { version: "4.6.6" } }, [], "node_modules/zod is 4.6.6, not 4.6.7"],
    [
      { "node_modules/zod": { version: "4.6.7", integrity: "sha512-b" } },
      [],
      "node_modules/zod comes from somewhere else",
    ],
    [
      { "node_modules/@mien/data": { resolved: "elsewhere", link: true } },
      [],
      "node_modules/@mien/data comes from somewhere else",
    ],
    [{ "node_modules/old": { version: "1.0.0" } }, [], "node_modules/old is no longer needed"],
  ])("is compared package by package: %j without %j", (change, without, difference) => {
    expect(firstDifference(lock, installed(change, without), linux)).toBe(difference);
  });

  it("may hold packages that were added by hand", () => {
    const added = { "node_modules/peer": { version: "1.0.0", extraneous: true } };
    expect(firstDifference(lock, installed(added), linux)).toBeUndefined();
  });

  it("is complete where these tests run", () => {
    expect(nodeModulesProblem()).toBeUndefined();
  });
});
