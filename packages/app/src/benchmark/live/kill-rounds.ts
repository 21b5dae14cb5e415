import { setTimeout } from "node:timers/promises";
import { MienError } from "@mien/format";
import type { ShownState } from "@mien/web";
import type { ServerProcess } from "./server-process.ts";
import type { WatchedPage } from "./watched-page.ts";

/** What followed one kill, in milliseconds after it. */
export interface KillRound {
  /** Until the page reported that the camera was lost. */
  readonly saidMs: number;
  /** Until the page showed a new frame. */
  readonly backMs: number;
}

/** Longest wait for the page, in milliseconds. */
const PATIENCE = 15_000;
/** Interval between two looks at the page, in milliseconds. */
const STEP = 20;

/**
 * Kills the process that reads the camera several times, each time after the page has recovered.
 *
 * @throws {MienError} `mismatch` if the page does not report the loss, or does not recover.
 */
export async function killRounds(
  server: Pick<ServerProcess, "cameraProcesses">,
  watched: WatchedPage,
  options: { readonly kills: number; readonly signal: AbortSignal; onKill(done: number): void },
): Promise<KillRound[]> {
  const now = () => watched.page.evaluate<number>("performance.now()");
  const until = async <Found>(what: string, find: () => Promise<Found | undefined>) => {
    for (let waited = 0; waited < PATIENCE; waited += STEP) {
      const found = await find();
      if (found !== undefined) return found;
      await setTimeout(STEP, undefined, { signal: options.signal });
    }
    throw new MienError("mismatch", `${what} within ${PATIENCE / 1000} s`);
  };
  const frameAfter = async (time: number) =>
    (await watched.frames()).find(({ timeMs }) => timeMs > time);
  const stateAfter = async (state: string, time: number): Promise<ShownState | undefined> =>
    (await watched.states()).find((said) => said.state === state && said.timeMs > time);
  const rounds: KillRound[] = [];
  while (rounds.length < options.kills) {
    const before = await now();
    await until("the page showed no frame", () => frameAfter(before));
    const pid = await until("no process read the camera", async () => {
      const [found] = await server.cameraProcesses();
      return found;
    });
    const killed = await now();
    process.kill(pid, "SIGKILL");
    const said = await until("the page did not say that the camera was lost", () =>
      stateAfter("lost", killed),
    );
    await until("the page did not say that the camera was back", () =>
      stateAfter("running", said.timeMs),
    );
    const back = await until("the page showed no frame again", () => frameAfter(said.timeMs));
    rounds.push({ saidMs: said.timeMs - killed, backMs: back.timeMs - killed });
    options.onKill(rounds.length);
  }
  return rounds;
}
