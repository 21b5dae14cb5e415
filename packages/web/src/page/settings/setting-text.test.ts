import { describe, expect, it } from "vitest";
import type { SettingField } from "../../settings.ts";
import { fieldNote, fieldTitle, readField } from "./setting-text.ts";

const FIELD: SettingField = {
  name: "inputSize",
  group: "detection",
  description: "Longer side",
  type: "integer",
  unit: "pixels",
  min: 64,
  max: 2048,
  defaultText: "416",
  value: null,
};

describe("a setting on the page", () => {
  it("has a title, and a note with unit, range and default", () => {
    expect(fieldTitle(FIELD.name)).toBe("input size");
    expect(fieldNote(FIELD)).toBe("Longer side (pixels; 64 to 2048; default: 416)");
    expect(
      fieldNote({ ...FIELD, type: "boolean", unit: null, min: undefined, max: undefined }),
    ).toBe("Longer side");
  });

  it("takes its default if nothing is typed", () => {
    expect(readField(FIELD, " ")).toBeNull();
    expect(readField(FIELD, "640")).toBe(640);
    expect(readField({ ...FIELD, type: "text" }, "640")).toBe("640");
  });
});
