import { random } from "@mien/format";
import type { Tf, TfSymbol } from "./tf.ts";
import type { TestModel } from "./test-models.ts";

const SHAPE = [6, 7, 3];

/** A functional model on one image. */
function net(name: string, body: (tf: Tf, x: TfSymbol) => TfSymbol | TfSymbol[]): TestModel {
  return {
    name,
    build: (tf) => {
      const input = tf.input({ shape: SHAPE });
      return tf.model({ inputs: input, outputs: body(tf, input) });
    },
  };
}

const conv = (tf: Tf, x: TfSymbol, filters = 3) =>
  tf.layers.conv2d({ filters, kernelSize: 3, padding: "same" }).apply(x) as TfSymbol;

/** The network of mien with squeeze-and-excitation and anti-aliased pooling, small. */
export const EXCITED_NET: TestModel = {
  name: "squeeze-and-excitation and anti-aliased pooling",
  build: (tf) => {
    const input = tf.input({ shape: [24, 24, 1] });
    const body = [4, 8, 8, 12].reduce<TfSymbol>((x, filters) => {
      const maps = [
        tf.layers.conv2d({ filters, kernelSize: 3, padding: "same", useBias: false }),
        tf.layers.batchNormalization(),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 1 }),
        tf.layers.activation({ activation: "relu" }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same", useBias: false }),
      ].reduce((value, layer) => layer.apply(value) as TfSymbol, x);
      const factors = [
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: 2, activation: "relu" }),
        tf.layers.dense({ units: filters, activation: "sigmoid" }),
        tf.layers.reshape({ targetShape: [1, 1, filters] }),
      ].reduce((value, layer) => layer.apply(value) as TfSymbol, maps);
      return tf.layers.multiply().apply([maps, factors]) as TfSymbol;
    }, input);
    const dense = tf.layers.dense({ units: 16, activation: "relu" });
    const hidden = dense.apply(tf.layers.flatten().apply(body));
    const output = tf.layers.dense({ units: 7, activation: "softmax" }).apply(hidden);
    return tf.model({ inputs: input, outputs: output as TfSymbol });
  },
};

/** Branches, merges, shared layers, models in models, several inputs and outputs. */
export function functionalModels(): TestModel[] {
  const merges = ["add", "multiply", "average", "maximum", "minimum"] as const;
  return [
    ...merges.flatMap((merge) => [
      net(
        `${merge} of input and conv`,
        (tf, x) => tf.layers[merge]().apply([x, conv(tf, x)]) as TfSymbol,
      ),
      net(
        `${merge} of three convs`,
        (tf, x) => tf.layers[merge]().apply([conv(tf, x), conv(tf, x), conv(tf, x)]) as TfSymbol,
      ),
      net(`${merge} by channel`, (tf, x) => {
        const pooled = tf.layers.globalAveragePooling2d({}).apply(x);
        const gate = tf.layers.dense({ units: 3, activation: "sigmoid" }).apply(pooled);
        const spread = tf.layers.reshape({ targetShape: [1, 1, 3] }).apply(gate) as TfSymbol;
        return tf.layers[merge]().apply([spread, conv(tf, x)]) as TfSymbol;
      }),
    ]),
    ...[-1, 1, 2, 3].map((axis) =>
      net(
        `concatenate along ${axis}`,
        (tf, x) => tf.layers.concatenate({ axis }).apply([conv(tf, x), x]) as TfSymbol,
      ),
    ),
    net("concatenate and add flattened branches", (tf, x) => {
      const [a, b, c] = [0, 1, 2].map(() => tf.layers.flatten().apply(conv(tf, x)) as TfSymbol);
      const sum = tf.layers.add().apply([a, b] as TfSymbol[]) as TfSymbol;
      const both = tf.layers.concatenate().apply([sum, c] as TfSymbol[]);
      const kept = tf.layers.dropout({ rate: 0.1 }).apply(both);
      return tf.layers.dense({ units: 4 }).apply(kept) as TfSymbol;
    }),
    net("add a flattened branch to a dense one", (tf, x) => {
      const flat = tf.layers.flatten().apply(conv(tf, x, 2)) as TfSymbol;
      const dense = tf.layers.dense({ units: 84 }).apply(flat) as TfSymbol;
      return tf.layers.add().apply([flat, dense]) as TfSymbol;
    }),
    net("a convolution that is used twice", (tf, x) => {
      const shared = tf.layers.conv2d({ filters: 3, kernelSize: 2, padding: "same" });
      const norm = tf.layers.batchNormalization().apply(shared.apply(x)) as TfSymbol;
      return tf.layers.add().apply([norm, shared.apply(norm) as TfSymbol]) as TfSymbol;
    }),
    net("a dense layer on two flattened shapes", (tf, x) => {
      const dense = tf.layers.dense({ units: 3 });
      const image = conv(tf, x, 2);
      const other = tf.layers.reshape({ targetShape: [7, 3, 4] }).apply(image);
      const again = tf.layers.conv2d({ filters: 4, kernelSize: 1 }).apply(other);
      const flats = [image, again].map((value) => tf.layers.flatten().apply(value) as TfSymbol);
      return tf.layers.add().apply(flats.map((flat) => dense.apply(flat) as TfSymbol)) as TfSymbol;
    }),
    net("a model inside, used twice", (tf, x) => {
      const inner = tf.sequential({
        layers: [
          tf.layers.conv2d({ filters: 3, kernelSize: 3, padding: "same", inputShape: SHAPE }),
          tf.layers.batchNormalization(),
          tf.layers.leakyReLU({ alpha: 0.1 }),
        ],
      });
      const once = inner.apply(x) as TfSymbol;
      return tf.layers.concatenate().apply([once, inner.apply(once) as TfSymbol]) as TfSymbol;
    }),
    net("two outputs", (tf, x) => {
      const image = conv(tf, x);
      const label = tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(image));
      return [image, label as TfSymbol];
    }),
    net("an output that others read", (tf, x) => {
      const image = conv(tf, x);
      const norm = tf.layers.batchNormalization().apply(image) as TfSymbol;
      return [image, norm];
    }),
    net("nothing but dropout", (tf, x) => tf.layers.dropout({ rate: 0.5 }).apply(x) as TfSymbol),
    {
      name: "two inputs",
      build: (tf) => {
        const [left, right] = [[4], [6]].map((shape) => tf.input({ shape })) as [
          TfSymbol,
          TfSymbol,
        ];
        const dense = (x: TfSymbol) => tf.layers.dense({ units: 5 }).apply(x) as TfSymbol;
        const sum = tf.layers.add().apply([dense(left), dense(right)]) as TfSymbol;
        return tf.model({ inputs: [right, left], outputs: sum });
      },
    },
    {
      name: "a model inside a sequential one",
      build: (tf) => {
        const inner = functionalModels()[0]?.build(tf) as ReturnType<Tf["model"]>;
        return tf.sequential({
          layers: [inner, tf.layers.flatten(), tf.layers.dense({ units: 3 })],
        });
      },
    },
  ];
}

/**
 * A random graph of convolutions, poolings, normalisations, activations and merges, with a dense
 * layer last.
 */
export function randomGraph(seed: number): TestModel {
  return net(`random graph ${seed}`, (tf, input) => {
    const stream = random(seed, "graph");
    const pick = <T>(values: readonly T[]) => values[stream.integer(values.length)] as T;
    const side = () => pick([1, 2, 3]);
    const padding = () => pick(["same", "valid"] as const);
    const values: TfSymbol[] = [input];
    const steps: ((x: TfSymbol) => unknown)[] = [
      (x) =>
        tf.layers
          .conv2d({
            filters: pick([1, 2, 3, 4]),
            kernelSize: [side(), side()],
            strides: pick([1, 1, 2]),
            padding: padding(),
            useBias: pick([true, false]),
            activation: pick(["linear", "relu", "tanh", "elu"] as const),
          })
          .apply(x),
      (x) => tf.layers.separableConv2d({ filters: 3, kernelSize: 2, padding: "same" }).apply(x),
      (x) => tf.layers.depthwiseConv2d({ kernelSize: 2, padding: "same" }).apply(x),
      (x) =>
        tf.layers.maxPooling2d({ poolSize: 2, strides: pick([1, 2]), padding: "same" }).apply(x),
      (x) => tf.layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same" }).apply(x),
      (x) => tf.layers.batchNormalization({ scale: pick([true, false]) }).apply(x),
      (x) => tf.layers.leakyReLU({ alpha: 0.2 }).apply(x),
      (x) =>
        tf.layers
          .zeroPadding2d({
            padding: [
              [0, 1],
              [1, 0],
            ],
          })
          .apply(x),
      (x) => tf.layers.dropout({ rate: 0.2 }).apply(x),
      (x) => {
        // Never x twice: tfjs would free x while other layers still need it.
        const twin = values.find((v) => v !== x && v.shape.join() === x.shape.join());
        if (twin === undefined) return x;
        return tf.layers[pick(["add", "multiply", "maximum"] as const)]().apply([x, twin]);
      },
      (x) => {
        const size = (v: TfSymbol) => v.shape.slice(0, 3).join();
        const twin = values.find((v) => v !== x && size(v) === size(x));
        return twin === undefined ? x : tf.layers.concatenate().apply([x, twin]);
      },
    ];
    for (let i = 0; i < 9; i++) {
      const x = pick(values.slice(-2));
      const [, height = 0, width = 0] = x.shape;
      // Three cells each way are enough for every step.
      if ((height ?? 0) < 3 || (width ?? 0) < 3) continue;
      values.push(pick(steps)(x) as TfSymbol);
    }
    const end = values.at(-1) as TfSymbol;
    const flat = pick([tf.layers.flatten(), tf.layers.globalAveragePooling2d({})]).apply(end);
    return tf.layers.dense({ units: 5, activation: "softmax" }).apply(flat) as TfSymbol;
  });
}
