import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeTensors } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFile, loadCheckpoint, saveCheckpoint, type Checkpoint } from "./checkpoint.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const checkpoint: Checkpoint = {
  history: [
    {
      epoch: 1,
      step: 3,
      trainLoss: 1.5,
      trainAccuracy: 0.1,
      validationLoss: 1.25,
      validationAccuracy: 0.3,
      learningRate: 0.001,
      imagesPerSecond: 100,
      seconds: 2,
    },
  ],
  state: {
    "conv1.kernel": { shape: [2, 1], data: Float32Array.of(1.5, -0.25) },
    "adam.m.conv1.kernel": { shape: [2, 1], data: Float32Array.of(1e-30, 3) },
  },
  best: { "conv1.kernel": { shape: [2, 1], data: Float32Array.of(0, 1) } },
};

describe("a checkpoint", () => {
  it("is read back bit for bit", async () => {
    expect(await loadCheckpoint(folder, "inputs")).toBeUndefined();
    await saveCheckpoint(folder, checkpoint, "inputs");
    expect(await loadCheckpoint(folder, "inputs")).toEqual(checkpoint);
  });

  it("is refused after any change to any byte", async () => {
    await saveCheckpoint(folder, checkpoint, "inputs");
    const file = checkpointFile(folder);
    const whole = await readFile(file);
    for (let at = 0; at < whole.length; at += 5) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 4;
      await writeFile(file, damaged);
      await expect(loadCheckpoint(folder, "inputs")).rejects.toThrow(
        expect.objectContaining({
          name: "MienError",
          advice: expect.stringMatching(/--fresh/) as string,
        }),
      );
    }
  });

  it("is refused when it is truncated, another kind of file or of other inputs", async () => {
    const file = checkpointFile(folder);
    await saveCheckpoint(folder, checkpoint, "inputs");
    await expect(loadCheckpoint(folder, "others")).rejects.toMatchObject({ code: "mismatch" });
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, whole.length - 1));
    await expect(loadCheckpoint(folder, "inputs")).rejects.toMatchObject({ code: "bad-data" });
    await writeFile(file, "");
    await expect(loadCheckpoint(folder, "inputs")).rejects.toMatchObject({ code: "bad-data" });
    const foreign = encodeTensors({ tensors: {}, metadata: { format: "pt" } });
    await writeFile(file, Buffer.concat(foreign));
    await expect(loadCheckpoint(folder, "inputs")).rejects.toThrow(
      /not a checkpoint of this version/,
    );
  });

  it("is kept when the next one cannot be written", async () => {
    await saveCheckpoint(folder, checkpoint, "inputs");
    // The new content cannot take the place of a folder.
    const blocked = path.join(folder, "blocked");
    await mkdir(checkpointFile(blocked), { recursive: true });
    await expect(saveCheckpoint(blocked, checkpoint, "inputs")).rejects.toMatchObject({
      code: "environment",
    });
    const broken = { ...checkpoint, state: { x: { shape: [3], data: new Float32Array(2) } } };
    await expect(saveCheckpoint(folder, broken, "inputs")).rejects.toThrow(/shape \[3\]/);
    expect(await loadCheckpoint(folder, "inputs")).toEqual(checkpoint);
  });

  it.skipIf(withoutPython("safetensors", "numpy"))(
    "is opened by Python's safetensors",
    async () => {
      await saveCheckpoint(folder, checkpoint, "inputs");
      const script = `
import json, sys
from safetensors.numpy import load_file
tensors = load_file(sys.argv[1])
print(json.dumps({name: tensor.tolist() for name, tensor in tensors.items()}))`;
      expect(runPython(script, { args: [checkpointFile(folder)] })).toMatchObject({
        "conv1.kernel": [[1.5], [-0.25]],
        "best.conv1.kernel": [[0], [1]],
      });
    },
  );
});
