import { random, type Frame } from "@mien/format";
import { describe, expect, it } from "vitest";
import { EnrolmentSession, POSE_MS } from "./enrolment-session.ts";

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

const made = new Map<number, Frame>();
/** The n-th of 60 different frames, which are drawn once; at a time in ms. */
function frameAt(n: number, timeMs: number): Frame {
  const drawn = made.get(n % 60) ?? frame((n % 60) + 1);
  made.set(n % 60, drawn);
  return { ...drawn, timeMs };
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

  it("shows one pose at a time for at least 2 s on a live camera, with a count-down", async () => {
    const session = new EnrolmentSession({ name: "Ada", count: 16, poseMs: POSE_MS });
    const began = new Map<number, number>();
    const firstPicture = new Map<number, number>();
    const counted = new Set<number>();
    for (let i = 0; i < 600 && !session.isFull; i++) {
      const timeMs = 100 * i;
      const before = session.state;
      const index = before.pose!.index;
      if (!began.has(index)) began.set(index, timeMs);
      // Closer when it is asked for.
      const side = before.pose!.direction === "closer" ? 96 : 80;
      const face = { box: [40, 10, side, side] as const };
      await session.offer(frameAt(i, timeMs), [face]);
      counted.add(session.state.pose?.secondsLeft ?? 0);
      const isTaken = session.state.pictures.length > before.pictures.length;
      if (isTaken && !firstPicture.has(index)) firstPicture.set(index, timeMs);
    }
    expect(session.isFull).toBe(true);
    expect([...counted].sort()).toEqual([0, 1, 2]);
    expect([...began.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const [index, timeMs] of firstPicture) {
      expect(timeMs - began.get(index)!).toBeGreaterThanOrEqual(POSE_MS);
    }
  });

  it("checks that the person came closer, but does not wait for it for ever", async () => {
    const session = new EnrolmentSession({ name: "Ada", count: 8, poseMs: POSE_MS });
    let i = 0;
    const offer = (side: number) =>
      session.offer(frameAt(i, 100 * i++), [{ box: [40, 10, side, side] }]);
    while (session.state.pose?.direction !== "closer") await offer(80);
    const before = session.state.pictures.length;
    for (let frames = 0; frames < 40; frames++) await offer(80);
    expect(session.state).toMatchObject({ guidance: "Come a little closer." });
    expect(session.state.pictures).toHaveLength(before);
    await offer(96);
    expect(session.state.pictures).toHaveLength(before + 1);
    // The person does not step back.
    for (let frames = 0; frames < 70; frames++) await offer(100);
    expect(session.state.pictures.length).toBeGreaterThan(before + 1);
  });

  it("goes on to the next pose when told to, and still takes all pictures", async () => {
    const session = new EnrolmentSession({ name: "Ada", count: 16 });
    session.nextPose();
    expect(session.state.pose).toMatchObject({ index: 1, direction: "left" });
    for (let i = 1; i <= 16; i++) await session.offer(frame(i), [FACE]);
    expect(session.isFull).toBe(true);
  });
});
