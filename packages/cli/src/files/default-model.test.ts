import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findModel } from "./default-model.ts";
import { findRun } from "./find-run.ts";

const before = process.cwd();
let folder: string;

/** Writes a file that was last changed `age` seconds ago. */
function put(file: string, age: number, content = "{}") {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  const time = Date.now() / 1000 - age;
  utimesSync(file, time, time);
}

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "mien-locate-")));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

describe("defaults", () => {
  it("are an error that names the next command if no run and no model exists", async () => {
    await expect(findRun()).rejects.toMatchObject({ code: "missing-file", advice: /train:fit/ });
    await expect(findModel(undefined, null)).rejects.toMatchObject({
      code: "missing-file",
      advice: /export:onnx/,
    });
    await expect(findRun("ghost")).rejects.toThrow(
      /no training run at ghost or artifacts\/runs\/ghost/,
    );
  });

  it("for runs are the newest finished run, unless a name or a path is given", async () => {
    put("artifacts/runs/old/metrics.json", 90);
    put("artifacts/runs/old/config.json", 0);
    put("artifacts/runs/new/metrics.json", 10);
    put("artifacts/runs/new/config.json", 95);
    put("artifacts/runs/unfinished/config.json", 1);
    expect(await findRun()).toBe("artifacts/runs/new");
    expect(await findRun("old")).toBe("artifacts/runs/old");
    expect(await findRun("artifacts/runs/old")).toBe("artifacts/runs/old");
  });

  it("for models are the released default, else the newest export, else that of the package", async () => {
    put("package/index.json", 0, '{"default":"best"}');
    put("package/best.onnx", 0);
    expect(await findModel(undefined, "package")).toBe(path.join("package", "best.onnx"));
    put("artifacts/models/a.onnx", 10);
    put("artifacts/models/b.onnx", 50);
    put("artifacts/models/c.json", 1);
    put("artifacts/models/a.int8.onnx", 2);
    put("artifacts/models/a.fp16.onnx", 1);
    expect(await findModel(undefined, "package")).toBe("artifacts/models/a.onnx");
    put("artifacts/release/index.json", 0, '{"default":"blend"}');
    put("artifacts/release/blend.onnx", 99);
    expect(await findModel()).toBe("artifacts/release/blend.onnx");
    expect(await findModel("artifacts/models/b.onnx")).toBe("artifacts/models/b.onnx");
    put("artifacts/release/index.json", 0, '{"default":7}');
    await expect(findModel()).rejects.toMatchObject({ code: "bad-data" });
    put("artifacts/release/index.json", 0, "null");
    expect(await findModel()).toBe("artifacts/models/a.onnx");
    put("hub/onnx/model.onnx", 1);
    expect(await findModel("hub")).toBe(path.join("hub", "onnx/model.onnx"));
    await expect(findModel("artifacts")).rejects.toThrow(
      `no model file at ${path.join("artifacts", "onnx/model.onnx")}`,
    );
    await expect(findModel("ghost.onnx")).rejects.toThrow(/no model file at ghost\.onnx/);
  });
});
