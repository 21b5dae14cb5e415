import { defineConfig } from "vitest/config";

if (/[#?]/.test(import.meta.dirname)) {
  throw new Error(
    `vitest cannot read files below ${import.meta.dirname}: it takes "#" and "?" for the end of a file's path. Run the tests in a clone whose path holds neither; mien itself works here.`,
  );
}

export default defineConfig({
  resolve: { conditions: ["source", "node"] },
  ssr: { resolve: { conditions: ["source", "node"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tools/**/*.test.ts"],
    // TensorFlow and onnxruntime are native addons, which need a process for each file.
    pool: "forks",
    // The files of a process share its modules, so that each is loaded once: a third of the time.
    isolate: false,
    // Many tests wait for other programs, and leave a core to a second file meanwhile.
    maxWorkers: 2,
    // What tests start in Python reports nothing to its makers, as what commands start does not.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    // A second, the default, is too short for a page on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
