import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import type { Source } from "@mien/camera";
import { MienError, shortened, type Frame, type FrameResult } from "@mien/format";
import sharp from "sharp";
import { FacePainter } from "./draw-faces.ts";
import { VideoFile } from "./video-file.ts";

/** Writes annotated pictures: a video, or for images one file each. */
export interface Annotations {
  /** The video, or the folder of the images. */
  readonly place: string;
  add(frame: Frame, result: FrameResult): Promise<void>;
  /**
   * Deletes the pictures that show one of these people: single images, or the whole video.
   *
   * @returns whether any pictures are left.
   */
  forget(names: readonly string[]): Promise<boolean>;
  finish(): Promise<void>;
  /** Deletes unfinished files. */
  discard(): Promise<void>;
}

/** Frame rate of an annotated video whose source does not declare one, per second. */
const DEFAULT_RATE = 30;
/** Longest file name without `.jpg`, in bytes: file systems allow 255 with it. */
const LONGEST_NAME = 251;

/**
 * Opens the annotated pictures of a source.
 *
 * @param options.first the first frame, whose size the video gets.
 * @param options.folder gets `annotated.mp4`, or for images `annotated/NAME.jpg`.
 * @param options.labels of the probabilities.
 * @throws {MienError} `environment` if ffmpeg is missing. `add` throws `unsupported` if the size of
 * a video changes.
 */
export async function openAnnotations(
  source: Source,
  options: { readonly first: Frame; readonly folder: string; readonly labels: readonly string[] },
): Promise<Annotations> {
  const { first, folder, labels } = options;
  if (source.kind === "images") return annotateImages(path.join(folder, "annotated"), labels);
  const { width, height } = first;
  const painter = new FacePainter(width, height, labels);
  const framesPerSecond = source.framesPerSecond ?? DEFAULT_RATE;
  const file = path.join(folder, "annotated.mp4");
  const video = await VideoFile.create(file, { width, height, framesPerSecond });
  let finished = false;
  const shown = new Set<string>();
  return {
    place: file,
    add: async (frame, result) => {
      if (frame.width !== width || frame.height !== height) {
        throw new MienError(
          "unsupported",
          `${source.name} changes its size from ${width}×${height} to ${frame.width}×${frame.height}`,
          { advice: "Leave out --annotate." },
        );
      }
      for (const name of namesIn(result)) shown.add(name);
      await video.add(painter.paint(frame, result));
    },
    forget: async (names) => {
      if (!names.some((name) => shown.has(name))) return true;
      await (finished ? rm(file, { force: true }) : video.discard());
      return false;
    },
    finish: async () => {
      await video.finish();
      finished = true;
    },
    discard: async () => {
      if (!finished) await video.discard();
    },
  };
}

function annotateImages(folder: string, labels: readonly string[]): Annotations {
  const used = new Set<string>();
  /** The images that show each person. */
  const shown = new Map<string, Set<string>>();
  return {
    place: folder,
    add: async (frame, result) => {
      await mkdir(folder, { recursive: true });
      const { width, height, path: file = `${frame.index}` } = frame;
      const data = new FacePainter(width, height, labels).paint(frame, result);
      const jpeg = await sharp(Buffer.from(data), { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .jpeg({ quality: 90 })
        .toBuffer();
      const { name, base } = path.parse(file);
      // a.png and a.jpg need different names.
      let free = used.has(name) ? base : name;
      if (Buffer.byteLength(free) > LONGEST_NAME || used.has(free)) {
        free = `${shortened(free, 240)}-${frame.index}`;
      }
      used.add(free);
      const place = path.join(folder, `${free}.jpg`);
      for (const one of namesIn(result)) {
        shown.set(one, (shown.get(one) ?? new Set()).add(place));
      }
      await writeFileAtomic(place, jpeg);
    },
    forget: async (names) => {
      for (const one of names) {
        for (const place of shown.get(one) ?? []) await rm(place, { force: true });
        shown.delete(one);
      }
      return true;
    },
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

function namesIn({ faces }: FrameResult): string[] {
  return faces.flatMap(({ person }) => (person === null ? [] : [person.name]));
}
