import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, it } from "vitest";

it("importing the package loads no TensorFlow", () => {
  const script = `
    import { createRequire } from "node:module";
    const train = await import("@mien/train");
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    const tfjs = loaded.filter((file) => file.includes("tfjs"));
    process.stdout.write(Object.keys(train).length + " " + tfjs.length);`;
  const argv = ["--conditions=source", "--import", "tsx", "--input-type=module", "-e", script];
  const cwd = path.resolve(import.meta.dirname, "..");
  const { stdout, stderr } = spawnSync(process.execPath, argv, { cwd, encoding: "utf8" });
  expect(stdout, stderr).toMatch(/^[1-9]\d* 0$/);
});
