import type { DatasetManifest } from "@mien/format";
import { ownManifestPath } from "./manifests.ts";

/** A CSV and the manifest that defines its classes and image size. */
export interface ManifestSource {
  /** The CSV's name in messages. */
  readonly file: string;
  readonly manifest: DatasetManifest;
  /** The manifest's path; undefined if FER2013's classes and image size are assumed. */
  readonly manifestPath?: string | undefined;
}

/** States the classes or the image size in use, where they come from, and how to change them. */
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
    manifestPath === undefined
      ? "as in FER2013, because there is no manifest"
      : `by ${manifestPath}`;
  const way =
    manifestPath === undefined
      ? `write ${ownManifestPath(file)} (see docs/format.md)`
      : "change it there";
  return `${taken}, ${origin}. For ${subject === "classes" ? "other classes" : "another size"}, ${way}.`;
}

/**
 * Advice for a number of pixel values that fits a square image of another size.
 *
 * @returns undefined if the number fits no square image.
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
