/**
 * Measures recognition on the ORL faces: 30 people known by 5 pictures each, their 5 other pictures,
 * and 10 strangers; mean over five random splits, at the threshold that the enrolled pictures give.
 *
 *     MIEN_DATA=… node --conditions=source --import tsx packages/runtime/src/testing/measure-recognition.ts
 */
import { createLbph, openEmbedding } from "../people/recogniser.ts";
import { DATA, EMBEDDING } from "../testing/data.ts";
import { describeOrl, identify, identifyAlone, readOrl, type Rates } from "../testing/orl.ts";

if (DATA === undefined) throw new Error("set MIEN_DATA to the folder that holds orl/");

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
function show(name: string, rates: Omit<Rates, "top1"> & { top1?: number }): void {
  const top1 = rates.top1 === undefined ? "" : `top-1 ${percent(rates.top1)}, `;
  console.log(
    `${name}: ${top1}false accepts ${percent(rates.falseAccept)} (expected ${percent(rates.expectedAccept)}), ` +
      `false rejects ${percent(rates.falseReject)} (expected ${percent(rates.expectedReject)})`,
  );
}

const faces = await readOrl();
const found = faces.flat().filter((face) => face.found).length;
console.log(
  `${found} of ${faces.flat().length} faces found; the others are taken where faces usually are`,
);
const embedding = await openEmbedding(EMBEDDING);
const features = await describeOrl(faces, embedding);
show("embedding", identify(features, embedding));
show("embedding, one person enrolled alone", identifyAlone(features, embedding));
await embedding.close();
const lbph = createLbph();
show("LBPH", identify(await describeOrl(faces, lbph), lbph));
