import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { loadTensorFlow, tensorFlowVersion, tf } from "./tf.ts";

describe("TensorFlow", () => {
  it("runs on the native backend and tells its version", () => {
    expect(tf.getBackend()).toBe("tensorflow");
    expect(tensorFlowVersion).toMatch(/^2\.\d+\.\d+/);
  });

  it("that does not load is reported with what to do", () => {
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

  it("is refused when tfjs fell back to another backend", async () => {
    const other = createRequire(import.meta.url)("@tensorflow/tfjs") as typeof tf;
    await other.setBackend("cpu");
    try {
      expect(() => loadTensorFlow(() => other)).toThrow(/native "tensorflow" backend, found "cpu"/);
    } finally {
      await other.setBackend("tensorflow");
    }
  });
});
