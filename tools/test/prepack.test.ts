import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");

interface Manifest {
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
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
      const folder = path.join(bare, "packages", name);
      mkdirSync(folder, { recursive: true });
      cpSync(path.join(ROOT, file), path.join(folder, "package.json"));
      const script = path.join(bare, "tools/prepack.mjs");
      const found = spawnSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
      expect(found.status).toBe(1);
      expect(found.stderr).toMatch(/^@mien\/\w+ cannot be packed: .+ Run: npm run setup\n$/);
    }
  } finally {
    rmSync(bare, { recursive: true, force: true });
  }
});
