import { random, shuffle } from "@mien/format";
import type { Box } from "../image/box.ts";
import { FaceDetector } from "../detect/face-detector.ts";
import { People } from "../people/people.ts";
import type { Recogniser } from "../people/recogniser.ts";
import type { Picture } from "../image/shrink.ts";
import { DETECTOR, orlFace, widened } from "./data.ts";

const [PEOPLE, PICTURES] = [40, 10];
/** How many are known in the protocol, and by how many pictures each. */
const [KNOWN, ENROLLED] = [30, 5];
/** The pictures are cropped too tightly for a detector; so much is put around them. */
const EDGE = 30;
/** Where the face is when the detector still does not see it. */
const USUAL: Box = [17 + EDGE, 18 + EDGE, 58, 82];

/** A picture of the ORL faces, and where its face is. */
export interface OrlFace {
  readonly picture: Picture;
  readonly box: Box;
  /** Whether the detector found it; otherwise the box is where faces usually are. */
  readonly found: boolean;
}

/** The ORL faces, [person][picture]: 40 people with 10 pictures each. */
export async function readOrl(): Promise<OrlFace[][]> {
  const detector = await FaceDetector.open(DETECTOR);
  const faces: OrlFace[][] = [];
  for (let person = 1; person <= PEOPLE; person++) {
    const own: OrlFace[] = [];
    for (let k = 1; k <= PICTURES; k++) {
      const picture = widened(orlFace(person, k), EDGE);
      const [face] = await detector.detect(picture);
      own.push({ picture, box: face?.box ?? USUAL, found: face !== undefined });
    }
    faces.push(own);
  }
  await detector.close();
  return faces;
}

/** What a recogniser makes of them, [person][picture]. */
export async function describeOrl(faces: readonly OrlFace[][], recogniser: Recogniser) {
  const features: Float32Array[][] = [];
  for (const own of faces) {
    const described: Float32Array[] = [];
    for (const { picture, box } of own) {
      described.push(...(await recogniser.describe(picture, [box])));
    }
    features.push(described);
  }
  return features;
}

/** Shares, 0–1, of the pictures of known people (top-1, false rejects) or of strangers (false accepts). */
export interface Rates {
  top1: number;
  falseReject: number;
  falseAccept: number;
  /** What the calibration expected. */
  expectedAccept: number;
  expectedReject: number;
}

/** 30 people known by 5 pictures each, their 5 others, and 10 strangers; mean over random splits. */
export function identify(features: Float32Array[][], recogniser: Recogniser, splits = 5): Rates {
  const rates = { top1: 0, falseReject: 0, falseAccept: 0, expectedAccept: 0, expectedReject: 0 };
  for (let seed = 0; seed < splits; seed++) {
    const stream = random(seed, "orl");
    const ids = shuffle(Uint8Array.from(features.keys()), stream);
    const people = new People(recogniser);
    const tests: [string, Float32Array][] = [];
    for (const id of ids.slice(0, KNOWN)) {
      const pictures = features[id] as Float32Array[];
      const order = shuffle(Uint8Array.from(pictures.keys()), stream);
      const own = Array.from(order, (i) => pictures[i] as Float32Array);
      people.add(`s${id}`, own.slice(0, ENROLLED));
      for (const feature of own.slice(ENROLLED)) tests.push([`s${id}`, feature]);
    }
    for (const [name, feature] of tests) {
      const share = 1 / tests.length / splits;
      if (people.nearest(feature)?.name === name) rates.top1 += share;
      if (people.identify(feature)?.name !== name) rates.falseReject += share;
    }
    const strangers = Array.from(ids.slice(KNOWN), (id) => features[id] as Float32Array[]).flat();
    rates.falseAccept += accepted(people, strangers) / splits;
    const { falseAccept, falseReject } = people.calibration();
    rates.expectedAccept += (falseAccept ?? NaN) / splits;
    rates.expectedReject += (falseReject ?? NaN) / splits;
  }
  return rates;
}

/** One person known by 5 pictures, each in turn, against all others; means. */
export function identifyAlone(
  features: Float32Array[][],
  recogniser: Recogniser,
): Omit<Rates, "top1"> {
  const rates = { falseReject: 0, falseAccept: 0, expectedAccept: 0, expectedReject: 0 };
  const share = 1 / features.length;
  features.forEach((own, id) => {
    const people = new People(recogniser);
    people.add("only", own.slice(0, ENROLLED));
    const { falseAccept, falseReject } = people.calibration();
    rates.expectedAccept += share * (falseAccept ?? NaN);
    rates.expectedReject += share * (falseReject ?? NaN);
    rates.falseReject += share * (1 - accepted(people, own.slice(ENROLLED)));
    rates.falseAccept += share * accepted(people, features.filter((_, i) => i !== id).flat());
  });
  return rates;
}

function accepted(people: People, features: readonly Float32Array[]): number {
  return features.filter((feature) => people.identify(feature) !== null).length / features.length;
}
