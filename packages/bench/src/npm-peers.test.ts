import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { peerPython } from "./pip-peers.ts";
import { peerPackages } from "./npm-peers.ts";
import type { Terminal } from "@mien/cli";

let cache: string;
let said: string[];
const terminal = {
  say: (line: string) => said.push(line),
  progress: () => ({ update: () => undefined, stop: () => undefined }),
} as unknown as Terminal;
const before = { ...process.env };

beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), "mien peers-"));
  process.env["MIEN_CACHE"] = path.join(cache, "cache");
  said = [];
});
afterEach(async () => {
  process.env = { ...before };
  await rm(cache, { recursive: true, force: true });
});

/** A package on disk, so that no test needs a network. */
async function npmPackage(): Promise<string> {
  const folder = path.join(cache, "tiny@1");
  await mkdir(folder);
  const json = { name: "tiny", version: "1.0.0", scripts: { install: "touch ran" } };
  await writeFile(path.join(folder, "package.json"), JSON.stringify(json));
  return folder;
}

describe("peerPackages", () => {
  it("installs once and finds what is installed from then on", async () => {
    const specs = [`file:${await npmPackage()}`];
    const folder = await peerPackages(specs, { terminal });
    expect(existsSync(path.join(folder, "node_modules/tiny/package.json"))).toBe(true);
    expect(existsSync(path.join(folder, "node_modules/tiny/ran"))).toBe(false);
    expect(said).toHaveLength(1);
    expect(await peerPackages(specs, { terminal })).toBe(folder);
    expect(said).toHaveLength(1);
  });

  it("says what failed, and leaves nothing half installed", async () => {
    const specs = [`file:${path.join(cache, "absent@1")}`];
    await expect(peerPackages(specs, { terminal })).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(/cannot install file:.*absent@1: npm ended with/) as string,
    });
    expect(await readdir(path.join(cache, "cache"))).toEqual([]);
  });

  it("stops on the signal", async () => {
    const signal = AbortSignal.abort();
    const specs = [`file:${await npmPackage()}`];
    await expect(peerPackages(specs, { terminal, signal })).rejects.toMatchObject({
      code: "interrupted",
    });
  });
});

describe("peerPython", () => {
  it("gives an interpreter of its own", async () => {
    // pip itself is there already, so that no test needs a network.
    const made = await peerPython(["--no-index", "pip>=1"], { terminal });
    const prefix = execFileSync(made, ["-c", "import sys; print(sys.prefix)"], {
      encoding: "utf8",
    });
    expect(prefix.trim()).toBe(path.dirname(path.dirname(made)));
  });

  it("names a Python that is missing", async () => {
    process.env["MIEN_PYTHON_BASE"] = "no-such-python";
    await expect(peerPython(["numpy==2.2.6"], { terminal })).rejects.toMatchObject({
      code: "environment",
      message: expect.stringContaining(
        "Python 3.10 or newer is needed as no-such-python",
      ) as string,
    });
  });
});
