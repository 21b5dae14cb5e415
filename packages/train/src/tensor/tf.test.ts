import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { loadTensorFlow, tensorFlowVersion, tf } from "./tf.ts";

describe("TensorFlow", () => {
  it("runs on the native backend and has a version", () => {
    expect(tf.getBackend()).toBe("tensorflow");
    expect(tensorFlowVersion).toMatch(/^2\.\d+\.\d+/);
  });

  it("that does not load is reported with advice", () => {
    const load = () => {
      throw new Error("Cannot find module 'tfjs_binding.node'\nRequire stack: …");
    };
    expect(() => loadTensorFlow(load)).toThrow(
      /^native TensorFlow does not load: Cannot find module 'tfjs_binding\.node'$/,
    );
    expect(() => loadTensorFlow(load)).toThrow(
      expect.objectContaining({
        code: "environment",
        advice: expect.stringMatching(/npm run setup/) as string,
      }),
    );
  });

  it("is refused if tfjs chose another backend", async () => {
    const other = createRequire(import.meta.url)("@tensorflow/tfjs") as typeof tf;
    await other.setBackend("cpu");
    try {
      expect(() => loadTensorFlow(() => other)).toThrow(/native "tensorflow" backend, found "cpu"/);
    } finally {
      await other.setBackend("tensorflow");
    }
  });

  // On other platforms, setup does not compile the addon itself (tools/setup/native/signals.h).
  it.skipIf(process.platform !== "linux" || process.arch !== "x64")(
    "blocks signals in its compute threads, so that Node handles them",
    () => {
      const script = `
        import { readdirSync, readFileSync } from "node:fs";
        import { setTimeout } from "node:timers/promises";
        const before = new Set(readdirSync("/proc/self/task"));
        const { tf } = await import(${JSON.stringify(path.join(import.meta.dirname, "tf.ts"))});
        const a = tf.randomNormal([512, 512]);
        tf.matMul(a, a).dataSync();
        const blocks = (thread) => {
          const status = readFileSync("/proc/self/task/" + thread + "/status", "utf8");
          const mask = BigInt("0x" + /SigBlk:\\s*(\\w+)/.exec(status)[1]);
          return ((mask >> 14n) & 1n) === 1n; // SIGTERM is 15
        };
        const started = readdirSync("/proc/self/task").filter((thread) => !before.has(thread));
        const handled = new Promise((resolve) => process.on("SIGTERM", resolve));
        process.kill(process.pid, "SIGTERM");
        await Promise.race([handled, setTimeout(5000).then(() => { throw new Error("lost"); })]);
        const taking = started.filter((thread) => !blocks(thread)).length;
        console.log([blocks(process.pid), taking].join(" "));
        process.exit();`;
      const node = ["--conditions=source", "--import", "tsx", "--input-type=module"];
      const printed = execFileSync(process.execPath, [...node, "--eval", script], {
        encoding: "utf8",
      });
      expect(printed.trim()).toBe("true 1");
    },
  );
});
