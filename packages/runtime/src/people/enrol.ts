import { MienError } from "@mien/format";
import type { Box } from "../image/box.ts";
import type { FaceDetector } from "../detect/face-detector.ts";
import type { People } from "./people.ts";
import type { Person } from "./person.ts";
import { crop } from "../image/crop.ts";
import type { Picture } from "../image/picture.ts";

/** What a person is enrolled from. */
export interface EnrolmentInput {
  /** Pictures of the person. Ten are better than one: turned a little, near and far. */
  readonly pictures: readonly Picture[];
  readonly detector: FaceDetector;
}

/** The result of an enrolment. */
export interface Enrolment {
  readonly person: Person;
  /** Indices of the pictures in which no face was found. */
  readonly withoutFace: readonly number[];
}

/** Border that is added to a tightly cropped face before detection, as a share of each side. */
const BORDER = 0.35;

/**
 * Enrols a person from pictures or crops; the largest face in each picture counts. A person who is
 * already enrolled gets more pictures.
 *
 * @throws {MienError} `bad-image` if no picture shows a face, or one is impossible; `usage` for an
 * impossible name, or without pictures.
 * @example
 * const detector = await FaceDetector.open("detector.onnx");
 * const { person } = await enrol(people, "Ada", { pictures, detector });
 * await savePerson("people", person, people.recogniser.kind);
 */
export async function enrol(
  people: People,
  name: string,
  { pictures, detector }: EnrolmentInput,
): Promise<Enrolment> {
  const features: Float32Array[] = [];
  const withoutFace: number[] = [];
  for (const [i, picture] of pictures.entries()) {
    const face =
      (await largestFace(picture, detector)) ?? (await largestFace(addBorder(picture), detector));
    if (face === undefined) withoutFace.push(i);
    else features.push(...(await people.recogniser.describe(face.picture, [face.box])));
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

async function largestFace(picture: Picture, detector: FaceDetector) {
  let best: Box | undefined;
  for (const { box } of await detector.detect(picture)) {
    if (best === undefined || box[2] * box[3] > best[2] * best[3]) best = box;
  }
  return best && { picture, box: best };
}

/** Repeats the outermost pixels, since detectors miss heads that fill the whole picture. */
function addBorder({ width, height, pixels }: Picture): Picture {
  const [x, y] = [BORDER * width, BORDER * height];
  const region: Box = [-x, -y, width + 2 * x, height + 2 * y];
  const larger = crop({ width, height, pixels }, region);
  return { width: larger.width, height: larger.height, pixels: larger.data };
}
