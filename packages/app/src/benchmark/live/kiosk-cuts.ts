import { setTimeout } from "node:timers/promises";
import { MienError, random, shuffle } from "@mien/format";
import type { Browser } from "playwright-core";
import { openNetwork, type CutNetwork } from "./cut-network.ts";
import { openKiosk, type KioskLook, type KioskPage } from "./kiosk-page.ts";
import { startServer, type ServerProcess } from "./server-process.ts";

/** What can be cut. */
export const CUT_KINDS = ["camera", "server", "network", "page"] as const;
type CutKind = (typeof CUT_KINDS)[number];

/** A cut to make. */
export interface PlannedCut {
  readonly kind: CutKind;
  /** How long it lasts at least, in ms. */
  readonly outageMs: number;
  /** For a page: whether it ends and another is opened; else it is loaded again. */
  readonly crashes: boolean;
}

/** A cut and what followed. */
export interface Cut {
  readonly kind: CutKind;
  /** Until what was cut was there again, in ms after the cut. */
  readonly outageMs: number;
  /**
   * How long the kiosk showed the last frame after the cut, before it showed a message or a new frame, in
   * ms.
   */
  readonly saidMs: number;
  /** Until it showed new frames and the right expression, in ms after what was cut was there again. */
  readonly backMs: number;
}

/** Memory in bytes at one moment. */
export interface KioskMemory {
  readonly server: number;
  readonly page: number;
}

/** Time within which the kiosk must show the right thing, in ms. */
export const DEADLINE = 5000;
/** Longest wait for the right thing, in ms; longer than the deadline, so that the excess is known. */
const PATIENCE = 60_000;
/** Interval between two looks at the page, in ms. */
const STEP = 50;
/** A frame that was drawn longer ago is old, in ms. */
const OLD = 1000;
/** The longest outage of each kind, in ms; the server also needs its time to start. */
const LONGEST_OUTAGE: Readonly<Record<CutKind, number>> = {
  camera: 0,
  server: 4000,
  network: 7000,
  page: 0,
};

/** What is needed to cut a kiosk. */
export interface KioskCutOptions {
  readonly browser: Browser;
  /** Flags of `app:live`, among them a source that an ffmpeg reads. */
  readonly flags: readonly string[];
  readonly signal: AbortSignal;
}

/** A server, its kiosk page, and the network between them. */
export class CutKiosk {
  readonly #options: KioskCutOptions;
  readonly #port: number;
  #server: ServerProcess;
  readonly #network: CutNetwork;
  readonly #page: KioskPage;
  /** The words that the kiosk shows. */
  readonly expected: string;

  private constructor(
    options: KioskCutOptions,
    parts: {
      readonly port: number;
      readonly server: ServerProcess;
      readonly network: CutNetwork;
      readonly page: KioskPage;
      readonly expected: string;
    },
  ) {
    this.#options = options;
    this.#port = parts.port;
    this.#server = parts.server;
    this.#network = parts.network;
    this.#page = parts.page;
    this.expected = parts.expected;
  }

  /** @throws {MienError} `mismatch` if the kiosk shows no confirmed expression. */
  static async open(options: KioskCutOptions): Promise<CutKiosk> {
    const server = await startServer(options.flags);
    const port = Number(new URL(server.origin).port);
    const network = await openNetwork(port);
    const page = await openKiosk(options.browser, network.origin);
    let expected = "";
    try {
      const { signal } = options;
      const began = performance.now();
      const problem = "the kiosk showed no expression";
      await until({ problem, signal, since: () => began }, async () => {
        const { words, frameAgeMs } = await page.look();
        expected = words;
        return words !== "" && frameAgeMs !== null && frameAgeMs < OLD;
      });
    } catch (error) {
      await page.close();
      network.close();
      await server.stop();
      throw error;
    }
    return new CutKiosk(options, { port, server, network, page, expected });
  }

  /**
   * Cuts something for a while, and waits until the kiosk shows the right thing again.
   *
   * @throws {MienError} `mismatch` if the kiosk does not show the right thing within a minute.
   */
  async cut(planned: PlannedCut): Promise<Cut> {
    const { kind } = planned;
    const { signal } = this.#options;
    const cutAt = performance.now();
    let restoredAt: number | undefined;
    const outage = this.#cutAndRestore(planned).then(() => {
      restoredAt = performance.now();
    });
    let saidMs: number | undefined;
    let backAt: number | undefined;
    const problem = `after a cut of the ${kind}, the kiosk was not right`;
    const since = () => restoredAt ?? performance.now();
    const watching = until({ problem, signal, since }, async () => {
      const look = await this.#page.look();
      const now = performance.now();
      const drawnAt = now - (look.frameAgeMs ?? Infinity);
      if (look.message !== null || drawnAt > cutAt + STEP) saidMs ??= now - cutAt;
      if (restoredAt === undefined || drawnAt < restoredAt || !this.#isRight(look)) return false;
      backAt = now;
      return true;
    });
    await Promise.all([outage, watching]);
    const restored = restoredAt ?? cutAt;
    return {
      kind,
      outageMs: restored - cutAt,
      saidMs: saidMs ?? 0,
      backMs: (backAt ?? Infinity) - restored,
    };
  }

  async memory(): Promise<KioskMemory> {
    const { memoryBytes } = await this.#server.figures();
    return { server: memoryBytes, page: await this.#page.heapBytes() };
  }

  async close(): Promise<void> {
    await this.#page.close();
    this.#network.close();
    await this.#server.stop();
  }

  #isRight({ message, words, latencyMs, frameAgeMs }: KioskLook): boolean {
    const isNew = frameAgeMs !== null && frameAgeMs < OLD && latencyMs !== null && latencyMs < OLD;
    return isNew && message === null && words === this.expected;
  }

  async #cutAndRestore({ kind, outageMs, crashes }: PlannedCut): Promise<void> {
    const { flags, signal } = this.#options;
    const wait = () => setTimeout(outageMs, undefined, { signal });
    if (kind === "camera") {
      for (const pid of await this.#server.cameraProcesses()) process.kill(pid, "SIGKILL");
    } else if (kind === "network") {
      this.#network.cut();
      await wait();
      this.#network.restore();
    } else if (kind === "server") {
      await this.#server.kill();
      await wait();
      this.#server = await startServer([...flags, "--port", String(this.#port)]);
    } else if (crashes) await this.#page.reopen();
    else await this.#page.reload();
  }
}

/** Random cuts, of which each kind is as frequent; the same for the same seed. */
export function randomCuts(count: number, seed: number): PlannedCut[] {
  const stream = random("kiosk cuts", seed);
  const cuts = Array.from({ length: count }, (_, i): PlannedCut => {
    const kind = CUT_KINDS[i % CUT_KINDS.length] ?? "camera";
    const outageMs = Math.round(stream.between(0, LONGEST_OUTAGE[kind]));
    return { kind, outageMs, crashes: stream.uniform() < 0.5 };
  });
  const order = shuffle(Uint32Array.from(cuts.keys()), stream);
  return Array.from(order).flatMap((i) => cuts[i] ?? []);
}

/** @param wait.since the moment from which `PATIENCE` counts. */
async function until(
  wait: { readonly problem: string; readonly signal: AbortSignal; readonly since: () => number },
  isDone: () => Promise<boolean>,
): Promise<void> {
  while (performance.now() - wait.since() < PATIENCE) {
    if (await isDone()) return;
    await setTimeout(STEP, undefined, { signal: wait.signal });
  }
  throw new MienError("mismatch", `${wait.problem} within ${PATIENCE / 1000} s`);
}
