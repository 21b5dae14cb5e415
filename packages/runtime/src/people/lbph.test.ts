import { runPython, withoutPython } from "@mien/testing";
import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { chiSquare, lbphHistogram, type LbphOptions } from "./lbph.ts";
import { DATA, orlFace } from "../testing/data.ts";

const cv2IsMissing = withoutPython("cv2", "numpy");

/** Trains and asks OpenCV's LBPH; answers labels, distances and the training histograms. */
const OPENCV = `
import sys, json, base64, numpy as np, cv2
given = json.load(sys.stdin)
image = lambda i: np.frombuffer(base64.b64decode(i["data"]), np.uint8).reshape(i["height"], i["width"])
o = given["options"]
model = cv2.face.LBPHFaceRecognizer_create(o["radius"], o["neighbors"], o["gridX"], o["gridY"])
train = [image(i) for i in given["train"]]
model.train(train, np.array(given["labels"], np.int32))
found = [model.predict(image(i)) for i in given["test"]]
histograms = [h.ravel() for h in model.getHistograms()]
print(json.dumps({
  "labels": [int(l) for l, _ in found],
  "distances": [float(d) for _, d in found],
  "histograms": [base64.b64encode(h.astype("<f4").tobytes()).decode() for h in histograms[: given["show"]]],
}))
`;

type Grey = ReturnType<typeof orlFace>;

function askOpencv(options: Required<LbphOptions>, train: Grey[], labels: number[], test: Grey[]) {
  const encode = ({ width, height, data }: Grey) => ({
    width,
    height,
    data: Buffer.from(data).toString("base64"),
  });
  const answer = runPython(OPENCV, {
    input: { options, train: train.map(encode), labels, test: test.map(encode), show: 20 },
  }) as { labels: number[]; distances: number[]; histograms: string[] };
  return {
    ...answer,
    histograms: answer.histograms.map((text) => {
      const bytes = Buffer.from(text, "base64");
      return new Float32Array(new Uint8Array(bytes).buffer);
    }),
  };
}

/** Nearest training histogram, the first of equals. */
function predict(histogram: Float32Array, trained: Float32Array[], labels: number[]) {
  const distances = trained.map((one) => chiSquare(one, histogram));
  const distance = Math.min(...distances);
  return { label: labels[distances.indexOf(distance)]!, distance };
}

function compare(options: Required<LbphOptions>, train: Grey[], labels: number[], test: Grey[]) {
  const opencv = askOpencv(options, train, labels, test);
  const trained = train.map((image) => lbphHistogram(image, options));
  opencv.histograms.forEach((histogram, i) => {
    expect(trained[i]).toHaveLength(histogram.length);
    const worst = histogram.reduce(
      (most, v, k) => Math.max(most, Math.abs(v - trained[i]![k]!)),
      0,
    );
    expect(worst).toBeLessThan(1e-6);
  });
  test.forEach((image, i) => {
    const { label, distance } = predict(lbphHistogram(image, options), trained, labels);
    expect(label).toBe(opencv.labels[i]);
    expect(Math.abs(distance - opencv.distances[i]!)).toBeLessThan(1e-6);
  });
}

describe("LBPH", () => {
  it.skipIf(cv2IsMissing)(
    "gives OpenCV's histograms, labels and distances on noise of odd sizes",
    () => {
      const noise = (seed: number, width: number, height: number): Grey => {
        const stream = random(seed, "grey");
        // Few levels, so that many neighbours are equal.
        const data = Uint8Array.from({ length: width * height }, () => 40 * stream.integer(6));
        return { width, height, data };
      };
      for (const [options, width, height] of [
        [{ radius: 1, neighbors: 8, gridX: 8, gridY: 8 }, 50, 61],
        [{ radius: 2, neighbors: 8, gridX: 5, gridY: 7 }, 47, 40],
        [{ radius: 3, neighbors: 6, gridX: 1, gridY: 3 }, 31, 33],
      ] as const) {
        const images = Array.from({ length: 9 }, (_, i) => noise(i, width, height));
        compare(options, images.slice(0, 5), [3, 1, 4, 1, 5], images.slice(5));
      }
    },
  );

  it.skipIf(cv2IsMissing || DATA === undefined)(
    "gives OpenCV's labels and distances on all of ORL",
    () => {
      const people = Array.from({ length: 40 }, (_, i) => i + 1);
      const of = (pictures: number[]) => people.flatMap((p) => pictures.map((k) => orlFace(p, k)));
      const labels = people.flatMap((p) => [p, p, p, p, p]);
      compare(
        { radius: 1, neighbors: 8, gridX: 8, gridY: 8 },
        of([1, 2, 3, 4, 5]),
        labels,
        of([6, 9]),
      );
    },
  );

  it("refuses images that are too small and options that make no sense", () => {
    const tiny = { width: 9, height: 9, data: new Uint8Array(81) };
    expect(() => lbphHistogram(tiny)).toThrow(/at least 10×10 pixels, found 9×9/);
    expect(() => lbphHistogram({ ...tiny, width: 90 }, { gridX: 1, gridY: 1 })).toThrow(
      /81 values/,
    );
    expect(() => lbphHistogram(tiny, { neighbors: 40 })).toThrow(/neighbors .* from 1 to 16/);
  });
});
