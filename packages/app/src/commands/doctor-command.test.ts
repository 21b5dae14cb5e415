import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { programWords } from "@mien/testing";
import { afterAll, describe, expect, it } from "vitest";
import { checkNode } from "../doctor/machine-checks.ts";
import type { Check } from "../doctor/check.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mien-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROOT = path.resolve(import.meta.dirname, "../../../..");
const BIN = path.resolve(import.meta.dirname, "../bin.ts");

function doctor(environment: Record<string, string>) {
  const json = path.join(folder, "doctor.json");
  const [node, ...words] = programWords(BIN);
  const { status, stdout, stderr } = spawnSync(node, [...words, "doctor", "--json", json], {
    encoding: "utf8",
    cwd: ROOT,
    env: { ...process.env, ...environment },
  });
  const report = JSON.parse(readFileSync(json, "utf8")) as { ok: boolean; checks: Check[] };
  const check = (name: string) => report.checks.find((candidate) => candidate.name === name);
  return { code: status, out: stdout, err: stderr, report, check };
}

describe("app:doctor", () => {
  it("fails if ffmpeg is missing, names the remedy, and still checks everything else", () => {
    const { code, out, err, report, check } = doctor({
      MIEN_FFMPEG: path.join(folder, "no-ffmpeg"),
      MIEN_LIBFREENECT: path.join(folder, "no-library.so"),
    });
    expect(code).toBe(1);
    expect(report.ok).toBe(false);
    expect(out).toMatch(/✗ +ffmpeg +videos +ffmpeg is not installed/);
    expect(out).toMatch(/\nffmpeg: .*(apt|brew|winget) install/);
    expect(err).toMatch(/not ready: .*ffmpeg/);
    expect(check("node")).toMatchObject({ ok: true, needed: "always", remedy: null });
    expect(check("kinect library")).toMatchObject({ ok: false, needed: "kinect" });
    expect(check("kinect library")?.remedy).toMatch(/libfreenect/);
    for (const name of ["cores", "disk", "python", "tensorflow", "webcams", "face models"]) {
      expect(check(name), name).toBeDefined();
    }
    for (const { ok, remedy } of report.checks) expect(ok ? remedy === null : remedy).toBeTruthy();
  });

  it("refuses a version of Node that is too old", () => {
    expect(checkNode("20.18.3")).toMatchObject({ ok: false });
    expect(checkNode("22.0.0")).toMatchObject({ ok: true });
  });
});
