import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");

interface Manifest {
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly publishConfig?: unknown;
}

it("every publishable package builds before it is packed, or refuses with a sentence", () => {
  const bare = mkdtempSync(path.join(tmpdir(), "mien-bare-"));
  try {
    mkdirSync(path.join(bare, "tools"));
    cpSync(path.join(ROOT, "tools/prepack.mjs"), path.join(bare, "tools/prepack.mjs"));
    for (const name of readdirSync(path.join(ROOT, "packages"))) {
      const file = `packages/${name}/package.json`;
      const text = readFileSync(path.join(ROOT, file), "utf8");
      const manifest = JSON.parse(text) as Manifest;
      if (manifest.private) continue;
      const command = manifest.scripts?.["prepack"];
      expect(command, file).toBe("node ../../tools/prepack.mjs");
      // `.npmrc` turns scripts off.
      expect(manifest.publishConfig, file).toEqual({ "ignore-scripts": false });
      const folder = path.join(bare, "packages", name);
      mkdirSync(folder, { recursive: true });
      cpSync(path.join(ROOT, file), path.join(folder, "package.json"));
      const script = path.join(bare, "tools/prepack.mjs");
      const found = spawnSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
      expect(found.status).toBe(1);
      expect(found.stderr).toMatch(
        /^(?:@mien\/)?[\w-]+ cannot be packed: .+ Run: npm run setup\n$/,
      );
    }
  } finally {
    rmSync(bare, { recursive: true, force: true });
  }
});

it("packs what a clean build makes, whatever was done to the last build, and compiles what changed", () => {
  const root = mkdtempSync(path.join(tmpdir(), "mien-prepack-"));
  const at = (file: string) => path.join(root, "packages/one", file);
  const pack = () => {
    const script = path.join(root, "tools/prepack.mjs");
    const { status, stderr } = spawnSync(process.execPath, [script], {
      cwd: at(""),
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  };
  const built = () =>
    Object.fromEntries(
      readdirSync(at("dist"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .map((file) => [path.relative(at("dist"), file), readFileSync(file, "utf8")])
        .sort(),
    ) as Record<string, string>;
  /** Minutes from now, so that the times of files differ on every file system. */
  const setTime = (file: string, minutes: number) => {
    const time = new Date(Date.now() + minutes * 60_000);
    utimesSync(at(file), time, time);
  };

  try {
    mkdirSync(path.join(root, "tools"));
    cpSync(path.join(ROOT, "tools/prepack.mjs"), path.join(root, "tools/prepack.mjs"));
    symlinkSync(path.join(ROOT, "node_modules"), path.join(root, "node_modules"), "junction");
    mkdirSync(at("src/inner"), { recursive: true });
    const compilerOptions = {
      ...{ composite: true, rootDir: "src", outDir: "dist", allowJs: true },
      ...{ lib: ["es5"], types: [], module: "nodenext", skipLibCheck: true },
    };
    writeFileSync(at("tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
    const exports = { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } };
    const manifest = { name: "@mien/one", type: "module", exports };
    writeFileSync(at("package.json"), JSON.stringify(manifest));
    for (const name of ["index.ts", "inner/old.ts", "worker.mjs"]) {
      writeFileSync(at(`src/${name}`), "export const a = 1;\n");
    }
    pack();
    expect(Object.keys(built())).toContain("inner/old.js");

    const before = statSync(at("dist/index.js")).mtimeMs;
    rmSync(at("src/inner/old.ts"));
    writeFileSync(at("dist/page.js"), "not of this build");
    pack();
    // Nothing else is compiled again.
    expect(statSync(at("dist/index.js")).mtimeMs).toBe(before);
    const clean = Object.keys(built());
    expect(clean).toEqual(["index.d.ts", "index.js", "worker.d.mts", "worker.mjs"]);

    appendFileSync(at("dist/index.js"), "changed by hand");
    setTime("dist/index.js", 1);
    pack();
    expect(built()["index.js"]).not.toContain("by hand");

    rmSync(at("dist/worker.mjs"));
    appendFileSync(at("src/index.ts"), "export const b = 2;\n");
    setTime("src/index.ts", 1);
    pack();
    expect(Object.keys(built())).toEqual(clean);
    expect(built()["index.js"]).toContain("b = 2");
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
