import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startKeras } from "./keras-peer.ts";
import { createTrainer, disposeTrainer } from "../step.ts";
import { smallConfig, smallSet, smallSplit } from "../testing/small-set.ts";

/** A program that stands in for Python. */
async function program(text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "mien-keras-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "python");
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

describe.skipIf(process.platform === "win32")("startKeras", () => {
  it("says what Python complained about when it ends before it answers", async () => {
    const trainer = createTrainer({ set: smallSet, ...smallSplit, config: smallConfig, seed: 1 });
    onTestFinished(() => disposeTrainer(trainer));
    const broken = await program("echo No module named keras >&2; exit 1");
    await expect(startKeras(broken, trainer, 16)).rejects.toThrow(/No module named keras/);
    const chatty = await program("echo hello");
    await expect(startKeras(chatty, trainer, 16)).rejects.toThrow(/hello/);
    await expect(startKeras("/no/such/python", trainer, 16)).rejects.toMatchObject({
      code: "environment",
    });
  });
});
