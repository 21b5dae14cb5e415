import { describe, expect, it } from "vitest";
import { createPipeline } from "./index.ts";
import { MODELS } from "./testing/run-pipeline.ts";
import { HALVES } from "./testing/models.ts";
import { spots } from "./testing/pictures.ts";

describe("a face in a result", () => {
  it("has its probabilities by label, too, but not as JSON", async () => {
    const pipeline = await createPipeline(MODELS);
    const result = await pipeline.process(spots(320, 224, [[96, 96]]), { index: 5, timeMs: 70 });
    await pipeline.close();
    expect(result).toMatchObject({ frame: 5, timeMs: 70 });
    const [face] = result.faces;
    expect(Object.keys(face!.probabilityOf)).toEqual(HALVES);
    expect(Object.values(face!.probabilityOf)).toEqual(face!.probabilities);
    expect(structuredClone(face)!.probabilityOf).toEqual(face!.probabilityOf);
    const { probabilityOf, ...recorded } = face!;
    expect(probabilityOf[face!.expression]).toBe(Math.max(...face!.probabilities));
    expect(JSON.parse(JSON.stringify(result.faces))).toEqual([recorded]);
  });
});
