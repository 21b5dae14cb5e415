import { describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { download, scope, upload } from "../tensor/native.ts";
import { tf } from "../tensor/tf.ts";
import { normals } from "../testing/gradients.ts";
import { headOf, lossOf, mergeHeads } from "./heads.ts";
import { buildLayersModel, setWeights } from "./layers-model.ts";
import { createNetwork } from "./network.ts";
import { architecture } from "./architecture.ts";

const classes = 3;
const batch = 4;
const softmax = (logits: readonly number[]) => {
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / total);
};
/** Probabilities of both heads for each image: [batch, 2 × classes]. */
const targets = Float32Array.from(
  Array.from({ length: 2 * batch }, (_, i) => softmax([...normals([classes], 1, i).values])).flat(),
);
const logits = normals([batch, 2 * classes], 1, "logits").values;

/** The loss of one head of one image, from its definition. */
function crossEntropy(values: Float32Array, image: number, head: number): number {
  const at = (image * 2 + head) * classes;
  const probabilities = softmax([...values.subarray(at, at + classes)]);
  return -probabilities.reduce((sum, p, k) => sum + targets[at + k]! * Math.log(p), 0);
}
const each = Array.from({ length: batch }, (_, image) => image);

describe("two heads", () => {
  it("have the mean of both losses, and the gradient of a loss with the weight of the second", () => {
    const voteHead = 0.3;
    const { sum, gradient } = scope(() => {
      const shape = [batch, 2 * classes];
      const loss = lossOf(upload(logits.slice(), shape), upload(targets.slice(), shape), {
        classes,
        voteHead,
      });
      return { sum: download(loss.sum)[0]!, gradient: download(loss.gradient) };
    });
    const total = (of: (image: number) => number) =>
      each.reduce((all, image) => all + of(image), 0);
    const mean = total((i) => (crossEntropy(logits, i, 0) + crossEntropy(logits, i, 1)) / 2);
    expect(sum).toBeCloseTo(mean, 4);
    const weighted = (values: Float32Array) =>
      total((i) => crossEntropy(values, i, 0) + voteHead * crossEntropy(values, i, 1)) / batch;
    logits.forEach((_, i) => {
      const moved = (by: number) => logits.map((value, j) => (i === j ? value + by : value));
      const difference = (weighted(moved(1e-2)) - weighted(moved(-1e-2))) / 2e-2;
      expect(gradient[i]).toBeCloseTo(difference, 4);
    });
  });

  it("become one head with the mean of their logits, in the shares of labels and votes and without the adjustment", () => {
    const input = { height: 16, width: 16, channels: 1 };
    const config = resolveConfig({
      widths: [3, 4, 4, 5],
      denseUnits: 6,
      voteHead: 1,
      voteShare: 0.25,
    });
    const network = createNetwork(config, { input, outputs: 2 * classes }, 1);
    const images = normals([batch, 16, 16, 1]);
    const adjustment = Float32Array.from({ length: 2 * classes }, (_, i) => -0.3 * i);
    const heads = scope(() => {
      const found = network.forward(upload(images.values.slice(), images.shape));
      return ([0, 1] as const).map((head) => download(headOf(found, head, { classes })));
    });
    const model = buildLayersModel(architecture(config, input, classes), {
      input,
      batchNormMomentum: 0.9,
    });
    setWeights(model, mergeHeads(network.state(), config, { classes, adjustment }));
    const answers = tf.tidy(() =>
      (
        model.predict(tf.tensor4d(images.values, [batch, 16, 16, 1])) as ReturnType<
          typeof tf.tensor
        >
      ).dataSync<"float32">(),
    );
    for (const image of each) {
      const row = (values: Float32Array) => [
        ...values.subarray(image * classes, (image + 1) * classes),
      ];
      const [labels, votes] = [row(heads[0]!), row(heads[1]!)];
      const expected = softmax(
        labels.map(
          (logit, k) =>
            0.75 * (logit - adjustment[k]!) + 0.25 * (votes[k]! - adjustment[classes + k]!),
        ),
      );
      row(answers).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 5));
      expect(labels).not.toEqual(votes);
    }
    model.dispose();
    network.dispose();
  });
});
