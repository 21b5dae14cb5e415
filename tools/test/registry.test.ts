import { spawnSync } from "node:child_process";
import path from "node:path";
import { isLong } from "@mien/testing";
import { describe, expect, it } from "vitest";

const SCRIPT = path.resolve(import.meta.dirname, "../registry.mjs");

describe.skipIf(!isLong)("the published packages", () => {
  it("work from an empty folder and cache, also after mien setup", { timeout: 1_800_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, "--setup"], {
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    expect(status, stderr.slice(-3000)).toBe(0);
    for (const command of ["analyze", "live", "setup explore", "setup", "fit", "export", "tune"]) {
      expect(stdout).toMatch(
        new RegExp(`^\\| \`npx mien ${command}\\b.*\\| \\d+\\.\\d MB \\|$`, "m"),
      );
    }
  });
});
