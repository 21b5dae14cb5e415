import { describe, expect, it } from "vitest";
import { kioskOptions } from "./kiosk-options.ts";

describe("the options of a kiosk", () => {
  it.each([
    ["", { privacy: false, transparent: false, mirror: null }],
    ["?privacy", { privacy: true, transparent: false, mirror: null }],
    ["?privacy=off&transparent=1", { privacy: false, transparent: true, mirror: null }],
    ["?mirror=0", { privacy: false, transparent: false, mirror: false }],
  ])("of %j", (query, options) => {
    expect(kioskOptions(`http://127.0.0.1:3000/kiosk${query}`)).toEqual(options);
  });
});
