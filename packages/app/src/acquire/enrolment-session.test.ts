import { random, type Frame } from "@mien/format";
import { describe, expect, it } from "vitest";
import { EnrolmentSession } from "./enrolment-session.ts";

/** A frame of random square blocks of grey values; the face is in its middle. */
function frame(seed: number, { index = seed, block = 3, low = 0, high = 255 } = {}): Frame {
  const [width, height] = [160, 120];
  const chance = random("frame", seed);
  const blocks = Array.from({ length: 60 * 60 }, () => low + chance.integer(high - low));
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return blocks[
      Math.floor(Math.floor(at / width) / block) * 60 + (Math.floor((at % width) / block) % 60)
    ] as number;
  });
  return { index, timeMs: index * 1000, width, height, pixels };
}

const FACE = { box: [40, 20, 80, 80] as const };

describe("an enrolment", () => {
  it("takes the wanted number of pictures, which can then be deleted and kept again", async () => {
    const session = new EnrolmentSession({ name: "Ada", count: 3 });
    for (let i = 1; i <= 5; i++) await session.offer(frame(i), [FACE]);
    expect(session.state).toMatchObject({ state: "review", pictures: [true, true, true] });
    session.keep(1, false);
    expect(session.crops()).toHaveLength(2);
    session.keep(1, true);
    expect(session.crops()).toHaveLength(3);
  });

  it.each([
    ["like one before", {}, FACE],
    ["too dark", { high: 30 }, FACE],
    ["too bright", { low: 230 }, FACE],
    ["blurred", { block: 120 }, FACE],
    ["too far away", {}, { box: [40, 20, 30, 30] as const }],
  ])("leaves out a picture that is %s", async (reason, flaw, face) => {
    const session = new EnrolmentSession({ name: "Ada", count: 9 });
    if (reason === "like one before") await session.offer(frame(1), [FACE]);
    await session.offer(frame(1, { index: 2, ...flaw }), [face]);
    expect(session.state.leftOut).toEqual({ [reason]: 1 });
    expect(session.state.pictures).toHaveLength(reason === "like one before" ? 1 : 0);
  });

  it("takes no picture while two faces are visible, or none", async () => {
    const session = new EnrolmentSession({ name: "Ada", count: 1 });
    await session.offer(frame(1), [FACE, FACE]);
    expect(session.state.guidance).toMatch(/one person/);
    await session.offer(frame(2), []);
    expect(session.state).toMatchObject({ pictures: [], guidance: "No face is visible." });
  });

  it("asks for different poses, so that the pictures differ", async () => {
    const session = new EnrolmentSession({ name: "Ada", count: 14 });
    const asked = new Set<string>();
    for (let i = 1; i <= 13; i++) {
      await session.offer(frame(i), [FACE]);
      asked.add(session.state.guidance);
    }
    expect(asked.size).toBeGreaterThanOrEqual(6);
  });
});
