import { imageCount, type ImageSet } from "@mien/format";
import type { DatasetIdentity } from "../set/load-dataset.ts";
import type { BadRow } from "../csv/row-collector.ts";
import { measureBrightness, type Brightness } from "./brightness.ts";
import { countClasses, type ClassCounts } from "../set/counts.ts";
import { testIndependence, type ChiSquared } from "./chi-squared.ts";
import { compareSplits, type SplitDifference } from "./distribution.ts";
import { measurePixels, type PixelStatistics } from "./pixel-statistics.ts";
import { compareWithVotes, type VoteAgreement } from "./vote-agreement.ts";
import type { Votes } from "../set/ferplus.ts";
import type { Embedding } from "../map/embedding.ts";
import type { Pictures } from "../near/pictures.ts";
import {
  findDuplicates,
  findNearDuplicates,
  type Duplicates,
  type NearDuplicates,
} from "./duplicates.ts";

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
  /** Whether all splits have one distribution of classes; null if only one split has images. */
  readonly distributionTest: ChiSquared | null;
  readonly brightness: Brightness;
  /** Of all images, and of the Training split. */
  readonly pixels: { readonly all: PixelStatistics; readonly training: PixelStatistics };
  /** Exact copies. */
  readonly duplicates: Duplicates;
  /** Near-copies, and groups of exact copies and near-copies together. */
  readonly nearCopies: NearDuplicates;
  /** Agreement of the labels with FER+ votes; null without votes. */
  readonly votes: VoteAgreement | null;
  /** The space of the map, and how far the splits are apart in it; null without a map. */
  readonly embedding: Embedding | null;
  /** Rows that were skipped because they are invalid. */
  readonly skippedRows: readonly BadRow[];
}

/** What `exploreDataset` needs besides the images. */
interface Explored {
  readonly pictures: Pictures;
  readonly skippedRows: readonly BadRow[];
  readonly votes?: Votes | undefined;
  readonly embedding?: Embedding | undefined;
}

/** Computes the report of a data set. Takes about two seconds for FER2013. */
export function exploreDataset(
  set: ImageSet,
  { manifest, path, sha256 }: DatasetIdentity,
  { pictures, skippedRows, votes, embedding }: Explored,
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
    distributionTest: testIndependence(counts),
    brightness: measureBrightness(set),
    pixels: measurePixels(set),
    duplicates: findDuplicates(set),
    nearCopies: findNearDuplicates(set, pictures),
    votes: votes === undefined ? null : compareWithVotes(set, votes),
    embedding: embedding ?? null,
    skippedRows,
  };
}
