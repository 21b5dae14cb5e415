import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";

const repository = path.resolve(import.meta.dirname, "../..");

it.each(["a b#c", "Ünï'$(x)&%20[y]#"])(
  "the page is built in a clone in a folder called %j",
  (name) => {
    const folder = mkdtempSync(path.join(tmpdir(), "mien-build-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const clone = path.join(folder, name);
    mkdirSync(path.join(clone, "packages"), { recursive: true });
    for (const file of ["package.json", "tsconfig.base.json"]) {
      cpSync(path.join(repository, file), path.join(clone, file));
    }
    for (const part of ["web", "format"]) {
      const from = path.join(repository, "packages", part);
      cpSync(from, path.join(clone, "packages", part), {
        recursive: true,
        filter: (source) => !/[/\\](dist|node_modules)$/.test(source),
      });
    }
    symlinkSync(
      path.join(repository, "node_modules"),
      path.join(clone, "node_modules"),
      "junction",
    );

    const vite = path.join(repository, "node_modules/vite/bin/vite.js");
    execFileSync(process.execPath, [vite, "build", "packages/web"], { cwd: clone, stdio: "pipe" });
    for (const name of ["index", "kiosk"]) {
      const page = path.join(clone, "packages/web/dist/www", `${name}.html`);
      expect(existsSync(page)).toBe(true);
      expect(readFileSync(page, "utf8")).toMatch(/src="\.\/assets\/[\w-]+\.js"/);
    }
  },
);
