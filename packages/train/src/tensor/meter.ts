import { attribute, DTYPE, runOne, type NativeTensor } from "./native.ts";
import { Variable } from "./variable.ts";

/** Sums of loss and correct predictions inside TensorFlow, so that no step waits for a read. */
export interface Meter {
  /**
   * @param loss sum over a batch, scalar.
   * @param correct number of correct predictions in the batch, scalar.
   */
  add(loss: NativeTensor, correct: NativeTensor): void;
  /** The sums since the last reset. */
  read(): { loss: number; correct: number };
  /** Sets the sums to zero. */
  reset(): void;
  /** Frees the sums. */
  dispose(): void;
}

const pack = [attribute.int("N", 2), attribute.type("T", DTYPE.float32), attribute.int("axis", 0)];

/** Makes a meter at zero. */
export function createMeter(): Meter {
  const sums = new Variable("meter", [2], new Float32Array(2));
  return {
    add: (loss, correct) => sums.add(runOne("Pack", pack, [loss, correct])),
    read() {
      const [loss = NaN, correct = NaN] = sums.values({ alone: true });
      return { loss, correct };
    },
    reset: () => sums.assign(new Float32Array(2)),
    dispose: () => sums.dispose(),
  };
}
