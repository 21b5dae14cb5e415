import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { EpochRecord } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { tensorBoardLog } from "./tensorboard.ts";

const history: EpochRecord[] = [1, 2, 3].map((epoch) => ({
  epoch,
  step: 200 * epoch,
  trainLoss: 2 / epoch,
  trainAccuracy: 0.2 * epoch,
  validationLoss: 1.5 / epoch,
  validationAccuracy: 0.25 * epoch,
  learningRate: 1e-3 / epoch,
  imagesPerSecond: 600,
  seconds: 50,
}));

/** Reads an event file with nothing but protobuf, and checks every checksum bit by bit. */
const READ_EVENTS = `
import json, struct, sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
T = descriptor_pb2.FieldDescriptorProto
file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
def message(name, *fields):
    m = file.message_type.add(name=name)
    for number, key, kind, repeated in fields:
        f = m.field.add(name=key, number=number, label=3 if repeated else 1)
        if isinstance(kind, str): f.type, f.type_name = T.TYPE_MESSAGE, kind
        else: f.type = kind
message("Value", (1, "tag", T.TYPE_STRING, 0), (2, "simple_value", T.TYPE_FLOAT, 0))
message("Summary", (1, "value", ".t.Value", 1))
message("Event", (1, "wall_time", T.TYPE_DOUBLE, 0), (2, "step", T.TYPE_INT64, 0),
    (3, "file_version", T.TYPE_STRING, 0), (5, "summary", ".t.Summary", 0))
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
Event = message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Event"))
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if (crc ^ (byte >> bit)) & 1 else 0)
    return crc ^ 0xFFFFFFFF
assert crc32c(b"123456789") == 0xE3069283
masked = lambda data: ((crc32c(data) >> 15 | crc32c(data) << 17) + 0xA282EAD8) & 0xFFFFFFFF
data = open(sys.argv[1], "rb").read()
events = []
while data:
    length, crc = struct.unpack("<QI", data[:12])
    assert crc == masked(data[:8])
    record = data[12 : 12 + length]
    assert struct.unpack("<I", data[12 + length : 16 + length])[0] == masked(record)
    data = data[16 + length :]
    events.append(Event.FromString(record))
print(json.dumps([[e.wall_time, e.step, e.file_version, {v.tag: v.simple_value for v in e.summary.value}] for e in events]))
`;

describe("tensorBoardLog", () => {
  it.skipIf(withoutPython("google.protobuf"))(
    "writes every epoch once, also in a resumed run, as records that protobuf reads",
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), "mien-events-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const first = tensorBoardLog(folder);
      first(history.slice(0, 1));
      first(history.slice(0, 2));
      // The run is killed and resumed after its first epoch.
      const second = tensorBoardLog(folder);
      second(history.slice(0, 2));
      second(history);
      // And once more at the end of the training.
      second(history);

      const read = (curve: string) =>
        runPython(READ_EVENTS, {
          args: [path.join(folder, "tensorboard", curve, "events.out.tfevents.0.mien")],
        }) as [number, number, string, Record<string, number>][];
      expect(await readdir(path.join(folder, "tensorboard/train"))).toHaveLength(1);
      const [version, ...epochs] = read("train");
      expect(version![2]).toBe("brain.Event:2");
      expect(epochs.map(([, step]) => step)).toEqual([1, 2, 3]);
      epochs.forEach(([, , , values], i) => {
        expect(Object.keys(values).sort()).toEqual([
          "accuracy",
          "images_per_second",
          "learning_rate",
          "loss",
        ]);
        expect(values["loss"]).toBe(Math.fround(history[i]!.trainLoss));
        expect(values["learning_rate"]).toBe(Math.fround(history[i]!.learningRate));
      });
      expect(epochs[1]![0] - epochs[0]![0]).toBeCloseTo(50, 0);
      const validation = read("validation");
      expect(validation.slice(1).map(([, , , values]) => values["accuracy"])).toEqual([
        0.25, 0.5, 0.75,
      ]);
    },
  );
});
