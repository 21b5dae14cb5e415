import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDatasetManifest } from "./dataset-manifest.ts";

const fer2013 = JSON.parse(
  readFileSync(new URL("../../../datasets/fer2013/manifest.json", import.meta.url), "utf8"),
) as Record<string, unknown>;

describe("data-set manifests", () => {
  it("accept FER2013's", () => {
    expect(parseDatasetManifest(fer2013, "manifest.json").classes[3]).toBe("Happy");
  });

  it.each([
    [{ extra: 1 }, /unknown field "extra"; known: name, classes/],
    [{ name: "" }, /"name" must be a text/],
    [{ licence: undefined }, /"licence" must be a text/],
    [{ classes: ["Happy"] }, /at least two class names/],
    [{ classes: ["Happy", "Happy"] }, /different names/],
    [{ image: { height: 48, width: 0, channels: 1 } }, /height and width in pixels/],
    [{ image: { height: 48, width: 48, channels: 2 } }, /must be 1 \(grey\) or 3 \(RGB\), found 2/],
    [{ file: { name: "x.csv", sha256: "ABC", rows: 3 } }, /64 lower-case hexadecimal/],
    [{ file: { name: "x.csv", rows: 3, sha256: "0".repeat(63) } }, /64 lower-case hexadecimal/],
    [{ file: 7 }, /must give name, sha256 and rows/],
  ])("name the field that is wrong: %j", (change, message) => {
    const manifest = JSON.parse(JSON.stringify({ ...fer2013, ...change })) as unknown;
    expect(() => parseDatasetManifest(manifest, "x/manifest.json")).toThrow(message);
    expect(() => parseDatasetManifest(manifest, "x/manifest.json")).toThrow(/^x\/manifest\.json: /);
  });
});
