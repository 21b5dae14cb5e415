import type { TrainConfig } from "../config.ts";
import {
  attribute,
  constantFloat,
  DTYPE,
  run,
  runOne,
  type NativeTensor,
} from "../tensor/native.ts";
import { add, multiply, scalar } from "../tensor/native-ops.ts";
import { Variable } from "../tensor/variable.ts";
import type { Gradients } from "./layer.ts";

/** An optimiser, which updates variables by their gradients. */
export interface Optimizer {
  /** Its state between steps, which checkpoints store with the weights. */
  readonly slots: readonly Variable[];
  /**
   * Updates the variables.
   *
   * @param learningRate of this step.
   * @param step 0 for the first.
   */
  apply(gradients: Gradients, learningRate: number, step: number): void;
  /** Frees the slots. */
  dispose(): void;
}

/** The optimiser of a configuration, with slots of zeros. */
export function createOptimizer(config: TrainConfig, trainable: readonly Variable[]): Optimizer {
  const { optimizer, momentum, weightDecay } = config;
  const plain = optimizer === "adam" ? adam(trainable) : nesterov(trainable, momentum);
  if (weightDecay === 0) return plain;
  // Decoupled weight decay (Loshchilov & Hutter 2019), only of kernels.
  const kernels = trainable.filter(({ shape }) => shape.length > 1);
  return {
    ...plain,
    apply(gradients, learningRate, step) {
      const rate = scalar(learningRate * weightDecay);
      for (const kernel of kernels) kernel.subtract(kernel.read(), rate);
      plain.apply(gradients, learningRate, step);
    },
  };
}

const floatType = attribute.type("T", DTYPE.float32);
const locking = attribute.bool("use_locking", false);

/** Adam (Kingma & Ba 2015) with the paper's constants. */
function adam(trainable: readonly Variable[]): Optimizer {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-7];
  const first = slotsFor(trainable, "adam.m");
  const second = slotsFor(trainable, "adam.v");
  const attributes = [floatType, locking, attribute.bool("use_nesterov", false)];
  return {
    slots: [...first.values(), ...second.values()],
    apply(gradients, learningRate, step) {
      const power1 = scalar(beta1 ** (step + 1));
      const power2 = scalar(beta2 ** (step + 1));
      const constants = [beta1, beta2, epsilon].map(constantFloat);
      const rate = scalar(learningRate);
      for (const [variable, gradient] of gradients) {
        const m = handleOf(first, variable);
        const v = handleOf(second, variable);
        const inputs = [variable.handle, m, v, power1, power2, rate, ...constants, gradient];
        run(["ResourceApplyAdam", 0], attributes, inputs);
      }
    },
    dispose: () => disposeAll(first, second),
  };
}

/** Stochastic gradient descent with Nesterov momentum (Sutskever et al. 2013). */
function nesterov(trainable: readonly Variable[], momentum: number): Optimizer {
  const velocity = slotsFor(trainable, "sgd.velocity");
  const attributes = [floatType, locking, attribute.bool("use_nesterov", true)];
  return {
    slots: [...velocity.values()],
    apply(gradients, learningRate) {
      const rate = scalar(learningRate);
      for (const [variable, gradient] of gradients) {
        const slot = handleOf(velocity, variable);
        const inputs = [variable.handle, slot, rate, gradient, constantFloat(momentum)];
        run(["ResourceApplyKerasMomentum", 0], attributes, inputs);
      }
    },
    dispose: () => disposeAll(velocity),
  };
}

/**
 * Moves variables along their gradients to where the loss is higher, for sharpness-aware minimisation
 * (Foret et al. 2021, algorithm 1): the gradients there update the weights from before the move.
 *
 * @param gradients of the mean loss, one for each variable.
 * @param radius Euclidean length of the move of all variables together, above 0.
 * @returns moves the variables back, in the same scope.
 */
export function climb(gradients: Gradients, radius: number): () => void {
  const halves = [...gradients.values()].map((gradient) =>
    runOne("L2Loss", [floatType], [gradient]),
  );
  const half = runOne("AddN", [floatType, attribute.int("N", halves.length)], halves);
  const squares = add(multiply(half, constantFloat(2)), constantFloat(1e-24));
  const down = multiply(runOne("Rsqrt", [floatType], [squares]), constantFloat(radius));
  const up = multiply(down, constantFloat(-1));
  for (const [variable, gradient] of gradients) variable.subtract(gradient, up);
  return () => {
    for (const [variable, gradient] of gradients) variable.subtract(gradient, down);
  };
}

/** The handle of the slot that belongs to a variable. */
function handleOf(slots: ReadonlyMap<Variable, Variable>, variable: Variable): NativeTensor {
  const slot = slots.get(variable);
  if (slot === undefined) throw new Error(`the optimiser has no slot for ${variable.name}`);
  return slot.handle;
}

/** Slots of zeros, one for each variable. */
function slotsFor(trainable: readonly Variable[], prefix: string): Map<Variable, Variable> {
  return new Map(
    trainable.map((variable) => {
      const size = variable.shape.reduce((product, n) => product * n, 1);
      const name = `${prefix}.${variable.name}`;
      return [variable, new Variable(name, variable.shape, new Float32Array(size))];
    }),
  );
}

function disposeAll(...slots: readonly ReadonlyMap<Variable, Variable>[]): void {
  for (const map of slots) for (const slot of map.values()) slot.dispose();
}
