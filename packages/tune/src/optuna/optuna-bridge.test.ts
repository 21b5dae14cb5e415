import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { withoutPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBridge } from "./optuna-bridge.ts";

// Each test starts a Python process, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-bridge-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(withoutPython("json"))("a Python process that fails", () => {
  const greeting = `print('{"protocol": 1, "optuna": "5", "python": "3"}', flush=True)`;
  const opened = async (script: string, patience = 20) => {
    const file = path.join(folder, "fake.py");
    await writeFile(file, script);
    return openBridge({ script: file, patience });
  };
  const failure = {
    code: "environment",
    advice: expect.stringMatching(/study is intact/) as string,
  };

  it("is reported with its last error output if it ends, and accepts no more requests", async () => {
    const script = `import sys\n${greeting}\ninput()\nprint("out of paper", file=sys.stderr)\nsys.exit(3)`;
    const bridge = await opened(script);
    const message = expect.stringMatching(/ended with code 3\n {2}out of paper/) as string;
    await expect(bridge.call("ask", {})).rejects.toMatchObject({ ...failure, message });
    await expect(bridge.call("ask", {})).rejects.toMatchObject({ code: "environment" });
  });

  it("is ended if it does not respond", async () => {
    const bridge = await opened(`import time\n${greeting}\ntime.sleep(1000)`, 5);
    const message = expect.stringMatching(/did not answer for 5 s, asked to ask/) as string;
    await expect(bridge.call("ask", {})).rejects.toMatchObject({ ...failure, message });
    await bridge.close();
    expect(() => process.kill(bridge.pid, 0)).toThrow(/ESRCH/);
  });

  it.each([
    ["text", "print('hello', flush=True)"],
    [
      "the response to another request",
      `print('{"id": 9, "result": {"kind": "done"}}', flush=True)`,
    ],
    ["another kind of response", `print('{"id": 1, "result": {"kind": "maybe"}}', flush=True)`],
  ])("is ended if it writes %s", async (_, answer) => {
    const bridge = await opened(`${greeting}\ninput()\n${answer}\ninput()`);
    await expect(bridge.call("ask", {})).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(/unexpected|another request/) as string,
    });
  });

  it("is refused with another version of the protocol", async () => {
    const other = greeting.replace('"protocol": 1', '"protocol": 99');
    await expect(opened(`${other}\ninput()`)).rejects.toThrow(/version 99 of the protocol/);
  });

  it("is refused if it lacks a package, and the error says what to install", async () => {
    const script = `print('{"protocol": 1, "missing": "No module named optuna"}', flush=True)`;
    await expect(opened(script)).rejects.toMatchObject({
      message: expect.stringMatching(/lacks a package: No module named optuna/) as string,
      advice: expect.stringMatching(/npm run setup/) as string,
    });
  });

  it("is requested in the error if no Python is installed", async () => {
    vi.stubEnv("MIEN_PYTHON", path.join(folder, "no-python"));
    await expect(openBridge()).rejects.toMatchObject({
      code: "environment",
      advice: expect.stringMatching(/npm run setup/) as string,
    });
    vi.unstubAllEnvs();
  });
});
