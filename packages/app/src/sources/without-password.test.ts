import { describe, expect, it } from "vitest";
import { explainFfmpeg } from "./ffmpeg-errors.ts";
import { withoutPassword } from "./without-password.ts";

describe("what is shown of an address", () => {
  it.each([
    ["rtsp://me:secret@camera/live", "rtsp://camera/live"],
    ["rtsp://me:sec@ret@camera:554/live", "rtsp://camera:554/live"],
    [
      "cannot read http://me@host, nor http://me:pw@host/",
      "cannot read http://host, nor http://host/",
    ],
    ["http://host/a@b?user=c@d", "http://host/a@b?user=c@d"],
    ["photos//me@home/film.mp4", "photos//me@home/film.mp4"],
    ["kinect", "kinect"],
  ])("%s is shown as %s", (text, shown) => {
    expect(withoutPassword(text)).toBe(shown);
  });

  it("holds no password where ffmpeg is quoted, nor in the cause", () => {
    const log = "[rtsp @ 0x1] [error] Odd thing at rtsp://me:sec@ret@camera/live\n";
    const { message, cause } = explainFfmpeg("rtsp://camera/live", log, 1);
    expect(message).toMatch(/\(Odd thing at rtsp:\/\/camera\/live\)/);
    expect((cause as Error).message).not.toMatch(/sec|ret/);
  });
});
