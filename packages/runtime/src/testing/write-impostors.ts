/**
 * Writes `src/impostor-points.ts` from FER2013's training faces in `MIEN_DATA`:
 *
 *     node --conditions=source --import tsx packages/runtime/src/testing/write-impostors.ts
 *
 * The points are drawn from the mean and covariance of the embeddings of 900 faces, so that each is
 * a mixture of all of them and nobody's own.
 */
import { createReadStream, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { random } from "@mien/format";
import { FaceEmbedder } from "../people/face-embedder.ts";
import { EMBEDDING_MARGIN, EXPRESSION_MARGIN } from "../image/face-region.ts";
import { cut } from "../image/picture.ts";
import { DATA, EMBEDDING } from "./data.ts";

const FACES = 900;
const POINTS = 64;
const SIDE = 48;

if (DATA === undefined) throw new Error("MIEN_DATA is not set");
const embedder = await FaceEmbedder.open(EMBEDDING);
const lines = createInterface({
  input: createReadStream(path.join(DATA, "fer2013.csv.gz")).pipe(createGunzip()),
});
const faces: Float32Array[] = [];
let row = -1;
for await (const line of lines) {
  const [, pixels = "", usage = ""] = line.split(",");
  if (row++ % 23 !== 0 || !usage.startsWith("Training")) continue;
  const grey = pixels.split(" ").map(Number);
  const picture = {
    width: SIDE,
    height: SIDE,
    pixels: Uint8Array.from(grey.flatMap((value) => [value, value, value])),
  };
  // A FER2013 image shows what the expression margin shows; the embedding wants its own.
  const face = SIDE / EXPRESSION_MARGIN.side;
  const side = face * EMBEDDING_MARGIN.side;
  const left = (SIDE - side) / 2;
  const top = left + face * (EMBEDDING_MARGIN.down - EXPRESSION_MARGIN.down);
  faces.push(...(await embedder.embed([cut(picture, [left, top, side, side])])));
  if (faces.length === FACES) break;
}
await embedder.close();

const mean = Float64Array.from({ length: embedder.length }, (_, i) =>
  faces.reduce((sum, face) => sum + face[i]! / faces.length, 0),
);
const points = Array.from({ length: POINTS }, (_, k) => {
  const stream = random(1, "impostor", k);
  const point = Float64Array.from(mean);
  for (const face of faces) {
    const weight = stream.normal() / Math.sqrt(faces.length - 1);
    for (let i = 0; i < point.length; i++) point[i] = point[i]! + weight * (face[i]! - mean[i]!);
  }
  return point;
});
const scale = Math.max(...points.flatMap((point) => [...point].map(Math.abs))) / 127;
const bytes = Buffer.from(points.flatMap((point) => [...point].map((v) => Math.round(v / scale))));
writeFileSync(
  path.resolve(import.meta.dirname, "../people/impostor-points.ts"),
  `/**
 * Points that no face has, spread as the embeddings of faces are: drawn from the mean and covariance
 * of ${FACES} FER2013 training faces by testing/write-impostors.ts. int8 [${POINTS}, ${embedder.length}], times \`scale\`.
 */
export const EMBEDDING_POINTS = {
  length: ${embedder.length},
  scale: ${scale.toPrecision(8)},
  // prettier-ignore
  base64: "${bytes.toString("base64")}",
};
`,
);
