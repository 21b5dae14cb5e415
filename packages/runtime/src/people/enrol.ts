import { MienError } from "@mien/format";
import type { Box } from "../image/box.ts";
import type { FaceDetector } from "../detect/face-detector.ts";
import type { People, Person } from "./people.ts";
import { cut } from "../image/picture.ts";
import type { Picture } from "../image/shrink.ts";

/** What came of the pictures of a person. */
export interface Enrolment {
  readonly person: Person;
  /** Places in the list of the pictures in which no face was found. */
  readonly withoutFace: readonly number[];
}

/** Room that is added around a tight crop, as a share of its sides. */
const ROOM = 0.35;

/**
 * Enrols a person by pictures or crops that show that person; the largest face of each counts.
 *
 * @param pictures better ten than one: turned a little, near and far. A person who is known already
 * gets more pictures.
 * @throws {MienError} `bad-image` if no picture shows a face, or one is impossible; `usage` for an
 * impossible name.
 */
export async function enrol(
  people: People,
  name: string,
  pictures: readonly Picture[],
  detector: FaceDetector,
): Promise<Enrolment> {
  const features: Float32Array[] = [];
  const withoutFace: number[] = [];
  for (const [i, picture] of pictures.entries()) {
    const found = (await largest(picture, detector)) ?? (await largest(widen(picture), detector));
    if (found === undefined) withoutFace.push(i);
    else features.push(...(await people.recogniser.describe(found.picture, [found.box])));
  }
  if (features.length === 0 && pictures.length > 0) {
    throw new MienError(
      "bad-image",
      `no face is found in the ${pictures.length} pictures of ${name}`,
      {
        advice: "Use pictures that show the whole head from the front, at least 60 pixels wide.",
      },
    );
  }
  return { person: people.add(name, features), withoutFace };
}

async function largest(picture: Picture, detector: FaceDetector) {
  let best: Box | undefined;
  for (const { box } of await detector.detect(picture)) {
    if (best === undefined || box[2] * box[3] > best[2] * best[3]) best = box;
  }
  return best && { picture, box: best };
}

/** With its outermost pixels repeated: detectors want to see a head in something. */
function widen(picture: Picture): Picture {
  const { width, height } = picture;
  const [across, down] = [ROOM * width, ROOM * height];
  const { data, ...size } = cut(picture, [-across, -down, width + 2 * across, height + 2 * down]);
  return { width: size.width, height: size.height, pixels: data };
}
