import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startKerasFit } from "./keras-fit-peer.ts";
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

describe.skipIf(process.platform === "win32")("startKerasFit", () => {
  it("says what Python complained about when it ends before it answers", async () => {
    const trainer = createTrainer({ set: smallSet, ...smallSplit, config: smallConfig, seed: 1 });
    onTestFinished(() => disposeTrainer(trainer));
    const start = (python: string) => startKerasFit(trainer, { python, images: 16 });
    const broken = await program("echo No module named keras >&2; exit 1");
    await expect(start(broken)).rejects.toThrow(/No module named keras/);
    const chatty = await program("echo hello");
    await expect(start(chatty)).rejects.toThrow(/hello/);
    await expect(start("/no/such/python")).rejects.toMatchObject({
      code: "environment",
    });
  });
});
