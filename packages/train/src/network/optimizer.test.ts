import { describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { scope, upload } from "../tensor/native.ts";
import { climb, createOptimizer } from "./optimizer.ts";
import { expectClose, normals } from "../testing/gradients.ts";
import { tf } from "../tensor/tf.ts";
import { Variable } from "../tensor/variable.ts";

const start = normals([5, 3]).values;
const gradients = Array.from({ length: 20 }, (_, i) => normals([5, 3], 1, "gradient", i).values);
const rates = gradients.map((_, step) => 0.05 / (1 + 0.1 * step));

/** Twenty updates of one variable by the native optimiser. */
function ours(optimizer: "adam" | "sgd", momentum = 0.9): Float32Array {
  const variable = new Variable("x", [5, 3], start);
  const native = createOptimizer(resolveConfig({ optimizer, momentum }), [variable]);
  gradients.forEach((gradient, step) =>
    scope(() => native.apply(new Map([[variable, upload(gradient, [5, 3])]]), rates[step]!, step)),
  );
  const values = variable.values();
  native.dispose();
  variable.dispose();
  return values;
}

describe("optimisers", () => {
  it("Adam follows the formulas of the paper, like tfjs", () => {
    const stock = tf.tidy(() => {
      const x = tf.variable(tf.tensor2d(start.slice(), [5, 3]), true, "stock-x");
      const adam = tf.train.adam(0.05, 0.9, 0.999, 1e-7);
      gradients.forEach((gradient, step) => {
        (adam as unknown as { learningRate: number }).learningRate = rates[step]!;
        adam.applyGradients([{ name: "stock-x", tensor: tf.tensor2d(gradient.slice(), [5, 3]) }]);
      });
      return x.dataSync<"float32">();
    });
    expectClose(ours("adam"), stock, 1e-5);

    const expected = Float32Array.from(start, (value, i) => {
      let [x, m, v] = [value, 0, 0];
      gradients.forEach((gradient, step) => {
        m = 0.9 * m + 0.1 * gradient[i]!;
        v = 0.999 * v + 0.001 * gradient[i]! ** 2;
        const corrected = Math.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1));
        x -= (rates[step]! * corrected * m) / (Math.sqrt(v) + 1e-7);
      });
      return x;
    });
    expectClose(ours("adam"), expected, 1e-5);
  });

  it.each([0, 0.9])("sgd takes Nesterov's steps with momentum %f", (momentum) => {
    const expected = Float32Array.from(start, (value, i) => {
      let [x, velocity] = [value, 0];
      gradients.forEach((gradient, step) => {
        velocity = momentum * velocity - rates[step]! * gradient[i]!;
        x += momentum * velocity - rates[step]! * gradient[i]!;
      });
      return x;
    });
    expectClose(ours("sgd", momentum), expected, 1e-5);
  });

  it("shrink kernels by learning rate times weight decay, and nothing else", () => {
    const kernel = new Variable("kernel", [5, 3], start);
    const bias = new Variable("bias", [15], start);
    const config = resolveConfig({ optimizer: "sgd", momentum: 0, weightDecay: 0.5 });
    const native = createOptimizer(config, [kernel, bias]);
    const zero = () => upload(new Float32Array(15), [5, 3]);
    scope(() => {
      const gradients = new Map([
        [kernel, zero()],
        [bias, upload(new Float32Array(15))],
      ]);
      native.apply(gradients, 0.2, 0);
    });
    expectClose(
      kernel.values(),
      start.map((value) => 0.9 * value),
      1e-6,
    );
    expect(bias.values()).toEqual(start);
  });

  it("resume exactly from stored slots", () => {
    const run = (steps: number[], from?: Map<string, Float32Array>) => {
      const variable = new Variable("x", [5, 3], start);
      const adam = createOptimizer(resolveConfig({}), [variable]);
      const all = [variable, ...adam.slots];
      if (from) for (const stored of all) stored.assign(from.get(stored.name)!);
      for (const step of steps) {
        const gradient = new Map([[variable, upload(gradients[step]!, [5, 3])]]);
        scope(() => adam.apply(gradient, rates[step]!, step));
      }
      return new Map(all.map((stored) => [stored.name, stored.values()]));
    };
    const half = run([0, 1, 2]);
    expect([...half.keys()]).toEqual(["x", "adam.m.x", "adam.v.x"]);
    expect(run([3, 4, 5], half)).toEqual(run([0, 1, 2, 3, 4, 5]));
  });
});

describe("sharpness-aware minimisation", () => {
  it("moves all variables together by its radius along their gradients, and back", () => {
    const radius = 0.3;
    const variables = [[5, 3], [7]].map(
      (shape, i) => new Variable(`x${i}`, shape, normals(shape, 1, "value", i).values),
    );
    const slopes = variables.map(({ shape }, i) => normals(shape, 1, "slope", i).values);
    const before = variables.map((variable) => variable.values());
    const length = Math.hypot(...slopes.flatMap((slope) => [...slope]));
    scope(() => {
      const gradients = variables.map((variable, i) => {
        return [variable, upload(slopes[i]!, variable.shape)] as const;
      });
      const moveBack = climb(new Map(gradients), radius);
      variables.forEach((variable, i) => {
        const expected = before[i]!.map((value, k) => value + (radius * slopes[i]![k]!) / length);
        expectClose(variable.values(), expected, 1e-6);
      });
      moveBack();
    });
    variables.forEach((variable, i) => expectClose(variable.values(), before[i]!, 1e-6));
    variables.forEach((variable) => variable.dispose());
  });
});
