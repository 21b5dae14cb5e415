import { imageCount, type ImageSet } from "@mien/format";
import type { DatasetIdentity } from "../set/load-dataset.ts";
import type { BadRow } from "../csv/row-collector.ts";
import { measureBrightness, type Brightness } from "./brightness.ts";
import { countClasses, type ClassCounts } from "./counts.ts";
import { compareSplits, type SplitDifference } from "./distribution.ts";
import { findDuplicates, type Duplicates } from "./duplicates.ts";

/** The result of `data:explore`, stored as `explore.json`. Its keys are stable. */
export interface ExploreReport {
  readonly dataset: {
    readonly name: string;
    readonly path: string;
    readonly sha256: string;
    readonly licence: string;
    readonly source: string;
  };
  readonly images: number;
  /** In pixels. */
  readonly imageSize: {
    readonly height: number;
    readonly width: number;
    readonly channels: number;
  };
  readonly classes: readonly string[];
  /** [class][split], splits in the order Training, PublicTest, PrivateTest. */
  readonly counts: ClassCounts;
  readonly partDifferences: readonly SplitDifference[];
  readonly brightness: Brightness;
  readonly duplicates: Duplicates;
  /** Rows that were skipped because they are invalid. */
  readonly skippedRows: readonly BadRow[];
}

/** Computes the report of a data set. Takes about a second for FER2013. */
export function exploreDataset(
  set: ImageSet,
  { manifest, path, sha256 }: DatasetIdentity,
  skippedRows: readonly BadRow[],
): ExploreReport {
  const counts = countClasses(set);
  const { name, licence, source } = manifest;
  return {
    dataset: { name, path, sha256, licence, source },
    images: imageCount(set),
    imageSize: { height: set.height, width: set.width, channels: set.channels },
    classes: set.classes,
    counts,
    partDifferences: compareSplits(counts),
    brightness: measureBrightness(set),
    duplicates: findDuplicates(set),
    skippedRows,
  };
}
