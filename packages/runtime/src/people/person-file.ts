import { MienError, decodeTensors, encodeTensors, messageOf, tensorOf } from "@mien/format";
import type { Person } from "./people.ts";

/** The version of the layout below; a file with another one is refused. */
const VERSION = "1";

/**
 * One person as the content of a file, in the safetensors layout: the features as `features`
 * [pictures, length], and who and of which kind as metadata. It holds no picture.
 *
 * @param kind of the recogniser that made the features.
 */
export function encodePerson({ name, enrolled, features }: Person, kind: string): Uint8Array {
  const length = features[0]?.length ?? 0;
  const data = new Float32Array(features.length * length);
  features.forEach((feature, i) => data.set(feature, i * length));
  const parts = encodeTensors({
    tensors: { features: { shape: [features.length, length], data } },
    metadata: { "mien.person": VERSION, name, enrolled, kind },
  });
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads a person back.
 *
 * @param file what to call the file in errors.
 * @throws {MienError} `bad-data` if it is damaged or something else.
 */
export function decodePerson(bytes: Uint8Array, file: string): { person: Person; kind: string } {
  const fail = (problem: string, cause?: unknown): never => {
    throw new MienError("bad-data", `${file} is not a person that mien can read: ${problem}`, {
      advice: "Delete the file and enrol the person again.",
      cause,
    });
  };
  try {
    const decoded = decodeTensors(bytes, file);
    const { name, enrolled, kind, "mien.person": version } = decoded.metadata;
    if (version !== VERSION) {
      return fail(`expected version "${VERSION}", found ${version ? `"${version}"` : "none"}`);
    }
    if (!name || !enrolled || !kind) return fail("its name, date or kind is missing");
    const { shape, data } = tensorOf(decoded, "features", "F32");
    const [pictures = 0, length = 0] = shape;
    if (shape.length !== 2 || pictures < 1 || length < 1 || !data.every(Number.isFinite)) {
      return fail(`its features are [${shape.join(", ")}] or not finite`);
    }
    const features = Array.from({ length: pictures }, (_, i) =>
      data.slice(i * length, (i + 1) * length),
    );
    return { person: { name, enrolled, features }, kind };
  } catch (error) {
    if (error instanceof MienError && error.message.startsWith(`${file} is not a person`)) {
      throw error;
    }
    return fail(messageOf(error), error);
  }
}
