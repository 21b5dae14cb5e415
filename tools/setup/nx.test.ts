import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const REPOSITORY = path.resolve(import.meta.dirname, "../..");

describe("npx nx in a clone without node_modules", () => {
  // npx also reads the folder's path as the name of a package, where these mean something.
  it.each(["mien", "a b#c'd(e$f&g", "Ünïcödé@1.0 %20"])(
    "asks for the set-up and downloads nothing, in a folder called %j",
    (name) => {
      const folder = mkdtempSync(path.join(tmpdir(), "mien-npx-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const clone = path.join(folder, name);
      mkdirSync(path.join(clone, "packages/data"), { recursive: true });
      for (const file of [
        "package.json",
        "package-lock.json",
        ".npmrc",
        "packages/data/package.json",
      ])
        copyFileSync(path.join(REPOSITORY, file), path.join(clone, file));
      cpSync(path.join(REPOSITORY, "tools/nx.mjs"), path.join(clone, "tools/nx.mjs"));

      const npm = Object.keys(process.env).filter((key) => /^npm_/i.test(key));
      const env = {
        ...process.env,
        ...Object.fromEntries(npm.map((key) => [key, undefined])),
        HOME: path.join(folder, "home"),
        USERPROFILE: path.join(folder, "home"),
        // A registry that nobody answers for: a download fails at once.
        npm_config_registry: "http://127.0.0.1:9/",
        npm_config_fetch_retries: "0",
      };
      for (const from of name === "mien" ? [clone, path.join(clone, "packages/data")] : [clone]) {
        const { stderr, stdout, status } = spawnSync("npx", ["nx", "run", "data:explore"], {
          cwd: from,
          env,
          encoding: "utf8",
          shell: process.platform === "win32",
        });
        expect(stderr + stdout).toMatch(/^This clone is not set up: .*"npm run setup"/);
        expect(status).toBe(1);
      }
    },
  );

  it("is nx itself where packages are installed", () => {
    const script = path.join(REPOSITORY, "tools/nx.mjs");
    const { stdout } = spawnSync(process.execPath, [script, "--version"], {
      cwd: REPOSITORY,
      encoding: "utf8",
    });
    expect(stdout).toMatch(/Local: v\d+/);
  });
});
