import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { MienError, messageOf, type EpochRecord } from "@mien/format";
import { bytesField, doubleField, floatField, integerField } from "../tensor/protobuf.ts";

/** The value of each tag, by curve. TensorBoard draws the curves of one tag in one chart. */
const CURVES: Readonly<Record<string, Readonly<Record<string, keyof EpochRecord>>>> = {
  train: {
    loss: "trainLoss",
    accuracy: "trainAccuracy",
    learning_rate: "learningRate",
    images_per_second: "imagesPerSecond",
  },
  validation: {
    loss: "validationLoss",
    accuracy: "validationAccuracy",
    accuracy_by_labels: "validationAccuracyByLabels",
    accuracy_by_votes: "validationAccuracyByVotes",
    criterion: "criterion",
  },
};

/**
 * Writes the epochs of a run as TensorBoard event files, `RUN/tensorboard/{train,validation}/`, for
 * `tensorboard --logdir artifacts/runs`.
 *
 * @param folder the run folder.
 * @returns a function that takes the history so far. The first call replaces the files, so that a
 * resumed run has each epoch once; later calls append the new epochs.
 * @throws {MienError} the returned function throws `environment` if a file cannot be written.
 */
export function tensorBoardLog(folder: string): (history: readonly EpochRecord[]) => void {
  let written: number | undefined;
  return (history) => {
    const added = history.slice(written);
    for (const [curve, tags] of Object.entries(CURVES)) {
      const file = path.join(folder, "tensorboard", curve, "events.out.tfevents.0.mien");
      const events = added.map((epoch, i) => {
        const later = added.slice(i + 1).reduce((sum, { seconds }) => sum + seconds, 0);
        const values = Object.entries(tags).flatMap(([tag, key]) => {
          const value = epoch[key];
          return value === undefined ? [] : [[tag, value] as const];
        });
        return encodeEvent(Date.now() / 1000 - later, epoch.epoch, values);
      });
      try {
        mkdirSync(path.dirname(file), { recursive: true });
        if (written === undefined) writeFileSync(file, Buffer.concat([encodeVersion(), ...events]));
        else appendFileSync(file, Buffer.concat(events));
      } catch (error) {
        throw new MienError("environment", `cannot write ${file}: ${messageOf(error)}`);
      }
    }
    written = history.length;
  };
}

/**
 * The first record of an event file: the version of the format.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
 */
function encodeVersion(): Buffer {
  return frame(Buffer.concat([doubleField(1, Date.now() / 1000), bytesField(3, "brain.Event:2")]));
}

/** An event with scalar values by tag; the wall time is in seconds since 1970. */
function encodeEvent(
  wallTime: number,
  step: number,
  values: readonly (readonly [string, number])[],
): Buffer {
  const summary = values.map(([tag, value]) =>
    bytesField(1, [bytesField(1, tag), floatField(2, value)]),
  );
  return frame(
    Buffer.concat([doubleField(1, wallTime), integerField(2, step), bytesField(5, summary)]),
  );
}

/** A TFRecord: length, checksum of the length, data, checksum of the data. */
function frame(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

/**
 * The masked CRC-32C that TFRecords use: rotated and shifted by a constant, because a checksum over
 * data that contains checksums is weak.
 */
function maskedChecksum(data: Buffer): Buffer {
  const crc = crc32c(data);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** The CRC-32C (Castagnoli) of each byte value, for the reflected polynomial 0x82f63b78. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}
