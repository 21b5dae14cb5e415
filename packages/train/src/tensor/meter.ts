import { attribute, DTYPE, runOne, type NativeTensor } from "./native.ts";
import { Variable } from "./variable.ts";

/** Sums up loss and hits inside TensorFlow, so that no step waits for JavaScript to read them. */
export interface Meter {
  /** @param loss summed over a batch, scalar. @param correct number of hits in it, scalar. */
  add(loss: NativeTensor, correct: NativeTensor): void;
  /** The sums since the last reset. */
  read(): { loss: number; correct: number };
  reset(): void;
  dispose(): void;
}

const pack = [attribute.int("N", 2), attribute.type("T", DTYPE.float32), attribute.int("axis", 0)];

/** A meter at zero. */
export function createMeter(): Meter {
  const sums = new Variable("meter", [2], new Float32Array(2));
  return {
    add: (loss, correct) => sums.add(runOne("Pack", pack, [loss, correct])),
    read() {
      const [loss, correct] = sums.values() as unknown as [number, number];
      return { loss, correct };
    },
    reset: () => sums.assign(new Float32Array(2)),
    dispose: () => sums.dispose(),
  };
}
