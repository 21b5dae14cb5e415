import { expect, it } from "vitest";
import { parseSource, type ParsedSource } from "./parse-source.ts";

it.each<[string, Partial<ParsedSource>]>([
  ["webcam", { type: "webcam", number: undefined, canReconnect: true }],
  ["WEBCAM:2", { type: "webcam", number: 2, canReconnect: true }],
  ["kinect", { type: "kinect", canReconnect: true }],
  ["kinect:rec/a", { type: "recording", folder: "rec/a", canReconnect: false, canLoop: true }],
  ["-", { type: "standard input", canReconnect: false, canLoop: false }],
  ["rtsp://me:pw@cam/1", { type: "address", name: "rtsp://***@cam/1", canReconnect: true }],
  ["file:///a%20b.mp4", { type: "path", path: "/a%20b.mp4", canReconnect: false }],
  ["film.mp4", { type: "path", path: "film.mp4", canReconnect: false, canLoop: true }],
])("%s is parsed", async (text, parsed) => {
  expect(await parseSource(text)).toMatchObject({ text, ...parsed });
});

it("a webcam whose number is none is wrong usage", async () => {
  await expect(parseSource("webcam:front")).rejects.toMatchObject({
    code: "usage",
    message: '"webcam:front" is no webcam: expected webcam:0, webcam:1, …',
  });
});
