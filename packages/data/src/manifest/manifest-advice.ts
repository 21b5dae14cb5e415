import type { DatasetManifest } from "@mien/format";
import { ownManifestPath } from "./manifests.ts";

/** A CSV and what decides about its classes and image size. */
export interface ManifestSource {
  /** What to call the CSV. */
  readonly file: string;
  readonly manifest: DatasetManifest;
  /** The manifest's path; undefined if FER2013's classes and image size are assumed. */
  readonly manifestPath?: string | undefined;
}

/** Which classes or image size are taken, why, and how to make it others. */
export function manifestAdvice(
  { file, manifest, manifestPath }: ManifestSource,
  subject: "classes" | "image size",
): string {
  const { classes, image } = manifest;
  const taken =
    subject === "classes"
      ? `The classes are ${classes.map((name, i) => `${i} ${name}`).join(", ")}`
      : `The image size is ${describeSize(image)}`;
  const origin =
    manifestPath === undefined ? "as in FER2013, for want of a manifest" : `by ${manifestPath}`;
  const way =
    manifestPath === undefined
      ? `write ${ownManifestPath(file)} (see docs/format.md)`
      : "change it there";
  return `${taken}, ${origin}. For ${subject === "classes" ? "other classes" : "another size"}, ${way}.`;
}

/**
 * Advice for a number of pixel values that is that of a square image of another size.
 *
 * @returns undefined if it is none.
 */
export function sizeAdvice(source: ManifestSource, values: number): string | undefined {
  for (const channels of [1, 3]) {
    const side = Math.sqrt(values / channels);
    if (Number.isInteger(side) && side >= 8) {
      const found = `${values} values are an image of ${describeSize({ height: side, width: side, channels })}.`;
      return `${found} ${manifestAdvice(source, "image size")}`;
    }
  }
  return undefined;
}

function describeSize({ height, width, channels }: DatasetManifest["image"]): string {
  return `${width}×${height} pixels, ${channels === 1 ? "grey" : `${channels} channels`}`;
}
