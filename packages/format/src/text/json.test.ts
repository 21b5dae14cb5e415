import { describe, expect, it } from "vitest";
import { parseJson } from "./json.ts";

const TEXT = '{"name": "Gefühl"}';
const BOM = "\ufeff";

describe("parseJson", () => {
  it.each(["", BOM])("reads UTF-8 that begins with %j", (start) => {
    expect(parseJson(Buffer.from(start + TEXT), "x.json")).toEqual({ name: "Gefühl" });
  });

  it.each([
    ["UTF-16 with a mark", Buffer.from(BOM + TEXT, "utf16le"), "text in UTF-16"],
    ["UTF-16 without a mark", Buffer.from(TEXT, "utf16le"), "text in UTF-16"],
    ["big-endian UTF-16", Buffer.from(BOM + TEXT, "utf16le").swap16(), "text in UTF-16"],
    ["Latin-1", Buffer.from(TEXT, "latin1"), "expected text in UTF-8"],
    ["a zip archive", Buffer.from("PK\x03\x04"), "a zip archive"],
    ["a web page", Buffer.from("<!DOCTYPE html><html>"), "a web page"],
    ["a pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer"],
    ["nothing", Buffer.from(BOM), "it is empty"],
    ["an escape", Buffer.from("\u001b[2J"), "\\u001b"],
  ])("says what it found in place of JSON: %s", (_, bytes, found) => {
    const parse = () => parseJson(bytes, "x.json", "bad-model");
    expect(parse).toThrow(expect.objectContaining({ code: "bad-model" }));
    expect(parse).toThrow(found);
    expect(parse).toThrow("x.json is not JSON");
  });
});
