import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutSecrets } from "./without-secrets.ts";

describe("an address without secrets", () => {
  it.each([
    ["rtsp://me:secret@camera/live", "rtsp://***@camera/live"],
    ["rtsp://me:sec@ret@camera:554/live", "rtsp://***@camera:554/live"],
    ["rtsp://me:sec ret#/?@camera:554/live", "rtsp://***@camera:554/live"],
    ["RTSP://me@camera/live", "RTSP://***@camera/live"],
    ["postgresql+psycopg://me:s@host:5432/mien", "postgresql+psycopg://***@host:5432/mien"],
    ["postgresql://host/mien?user=me&password=s", "postgresql://host/mien?user=***&password=***"],
    ["http://camera/v?usr=me&pwd=a#b/c d&channel=1", "http://camera/v?usr=***&pwd=***&channel=1"],
    ["http://10.0.0.2:81/v?pwd=a@b&channel=1", "http://10.0.0.2:81/v?pwd=***&channel=1"],
    ["http://camera/v?Access_Token=a&x=1", "http://camera/v?Access_Token=***&x=1"],
    ["https://h.example/f.mp4?X-Amz-Signature=a", "https://h.example/f.mp4?X-Amz-Signature=***"],
    ["rtsp://h/user=a_password=b_channel=1.sdp", "rtsp://h/user=***_password=***_channel=1.sdp"],
    ["http://h/#access_token=a", "http://h/#access_token=***"],
    ["http://h/?url=rtsp%3A%2F%2Fme%3As%40camera%2F", "http://h/?url=***"],
    ["rtsp://me:secret/live", "rtsp://***:***/live"],
    ["rtsp:/me:secret@camera/live", "rtsp:/***@camera/live"],
    ["me:secret@camera/live", "***@camera/live"],
  ])("%s is shown as %s", (address, shown) => {
    expect(withoutSecrets(address)).toBe(shown);
  });

  it.each([
    "http://host.example/@somebody/film.mp4",
    "http://host:8080/film.mp4?channel=1&subtype=0",
    "rtsp://[::1]:554/live",
    "rtmp://host/app/stream",
    "file:///home/me@home/token=1.mp4",
    "photos//me@home/film.mp4",
    "C:\\me@home\\film.mp4",
    "kinect:recordings/me@home",
    "kinect",
    "-",
  ])("%s is shown as it is", (address) => {
    expect(withoutSecrets(address)).toBe(address);
  });
});

/** A secret of any characters with this word before, between and after them. */
const WORD = "Qx7Zk";
const secretOf = (unit: fc.Arbitrary<string>) =>
  fc
    .array(fc.string({ unit, maxLength: 4 }), { maxLength: 4 })
    .map((parts) => `${WORD}${parts.map((part) => part + WORD).join("")}`);
const DELIMITERS = [..."/?#@: %&;=_.,+\\'\"1a"];
const anySecret = secretOf(fc.oneof(fc.constantFrom(...DELIMITERS), fc.string({ maxLength: 1 })));
/** Without the characters that begin the next parameter. */
const valueSecret = secretOf(
  fc.constantFrom(...DELIMITERS.filter((unit) => !"&;=_".includes(unit)), "é", "字"),
);
const host = fc.constantFrom("camera", "camera:554", "c.example", "c.example:80", "10.0.0.2:81");
const userName = fc.constantFrom("me", "jane.doe", "me@home.example", "a b", "");
const NAMES =
  "user usr pwd password pass passwd token key auth secret signature sig api_key apikey access-token PASSWORD loginpas";
const name = fc.constantFrom(...NAMES.split(" "));

/** Every place of an address where a secret can be. */
const secretAddress = fc.oneof(
  fc.tuple(userName, anySecret, host).map(([me, s, h]) => `rtsp://${me}:${s}@${h}/live`),
  fc.tuple(userName, anySecret, host).map(([me, s, h]) => `postgresql://${me}:${s}@${h}/mien`),
  fc.tuple(anySecret, host).map(([s, h]) => `https://me:${encodeURIComponent(s)}@${h}/a.mp4?x=1`),
  fc.tuple(valueSecret, host, name).map(([s, h, n]) => `http://${h}/v?${n}=${s}`),
  fc.tuple(valueSecret, host, name).map(([s, h, n]) => `http://${h}/v?a=1&${n}=${s}&channel=1`),
  fc.tuple(valueSecret, host, name).map(([s, h, n]) => `http://me:pw@${h}/v?${n}=${s}&b=1`),
  fc.tuple(valueSecret, host, name).map(([s, h, n]) => `http://${h}/v#${n}=${s}`),
  fc.tuple(valueSecret, host, name).map(([s, h, n]) => `rtsp://${h}/${n}=${s}&channel=1.sdp`),
  fc
    .tuple(anySecret, host, host)
    .map(([s, h, i]) => `http://${h}/?u=${encodeURIComponent(`rtsp://me:${s}@${i}/`)}`),
);

describe("a secret", () => {
  it("is never shown, with any characters and in any place", () => {
    fc.assert(
      fc.property(secretAddress, (address) => {
        expect(withoutSecrets(address)).not.toContain(WORD);
      }),
      { numRuns: 500 },
    );
  });

  it("before the host does not change the result, unless it looks like a parameter", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), host, (one, other, h) => {
        const shown = (secret: string) => withoutSecrets(`rtsp://me:${secret}@${h}/live`);
        fc.pre(!/[?#/&;_\s][^=]*=/.test(one) && !/[?#/&;_\s][^=]*=/.test(other));
        expect(shown(one)).toBe(shown(other));
      }),
    );
  });

  it("is never shown if a program prints the address or only the secret", () => {
    fc.assert(
      fc.property(userName, anySecret, host, (me, secret, h) => {
        const address = `rtsp://${me}:${secret}@${h}/live`;
        const log = [
          `[in#0 @ 0x1] Error opening input file ${address}.`,
          `'${address}': Invalid data`,
          `cannot resolve ${secret.split(/[/?#@:]/)[0]}`,
          `password ${secret} refused, ${encodeURIComponent(secret)} too`,
          "https://other.example/a.ts?token=Qx7Zk: 403",
        ].join("\n");
        expect(withoutSecrets(log, address)).not.toContain(WORD);
      }),
      { numRuns: 200 },
    );
  });

  it("that is short leaves the text around it readable", () => {
    const log = "frame 1 of rtsp://me:ram@camera/live: Connection refused (port 1)";
    const shown = "frame 1 of rtsp://***@camera/live: Connection refused (port 1)";
    expect(withoutSecrets(log, "rtsp://me:ram@camera/live")).toBe(shown);
  });
});
