import { describe, expect, it } from "vitest";
import type { Hello, Status } from "../../messages.ts";
import { stageMessage } from "./stage-message.ts";

type Given = Parameters<typeof stageMessage>[0];

const hello: Hello = {
  type: "hello",
  labels: ["Happy"],
  model: "model.onnx",
  source: "video.mp4",
  browser: false,
  kinect: false,
  window: { size: 20, quorum: 0.6 },
  people: [],
  card: false,
  viewOnly: false,
  privacy: false,
  network: false,
  resolution: { width: 640, height: 480 },
};
const ofBrowser: Hello = { ...hello, source: "browser", browser: true };
const status = (state: Status["state"], message = ""): Status => ({
  type: "status",
  state,
  message,
  recording: null,
  recordingSince: null,
  broken: [],
});
const running: Given = {
  connected: true,
  refused: false,
  status: status("running"),
  hello,
  cameraState: "off",
  hasPicture: true,
};
const waiting: Given = {
  ...running,
  hello: ofBrowser,
  status: status("waiting"),
  hasPicture: false,
};
const lost = { ...status("lost", "It was unplugged"), advice: "Connect it." };

describe("stageMessage", () => {
  it.each<[string, Given, string | undefined]>([
    ["nothing while pictures arrive", running, undefined],
    ["that the page connects", { ...running, connected: false, hello: null }, "Connecting"],
    ["that mien has stopped", { ...running, connected: false }, "mien has stopped"],
    ["that the token is old", { ...running, refused: true }, "This address is no longer valid"],
    ["that the source starts", { ...running, hasPicture: false }, "Starting"],
    ["that the video has ended", { ...running, status: status("ended") }, "The video has ended"],
    ["that a camera is lost", { ...running, status: lost }, "No picture"],
    [
      "that a Kinect is lost",
      { ...running, status: lost, hello: { ...hello, source: "kinect", kinect: true } },
      "No Kinect",
    ],
    ["how to share the camera", waiting, "Share your camera"],
    ["that the browser asks", { ...waiting, cameraState: "asking" }, "Waiting for permission"],
    ["that it was denied", { ...waiting, cameraState: "denied" }, "The camera was not allowed"],
    ["that there is no camera", { ...waiting, cameraState: "none" }, "No camera found"],
    ["that the camera is busy", { ...waiting, cameraState: "busy" }, "The camera is busy"],
    [
      "why the camera cannot be used over the network",
      { ...waiting, cameraState: "insecure" },
      "No camera over the network",
    ],
    [
      "that the shared camera starts",
      { ...waiting, status: status("running"), cameraState: "on" },
      "Starting",
    ],
    ["nothing over another page's camera", { ...running, hello: ofBrowser }, undefined],
  ])("says %s", (_, given, title) => {
    expect(stageMessage(given)?.title).toBe(title);
  });

  it("gives the reason and the advice when a camera is lost", () => {
    const text = stageMessage({ ...running, status: lost })?.text;
    expect(text).toBe("It was unplugged. Connect it. Trying again.");
  });
});
