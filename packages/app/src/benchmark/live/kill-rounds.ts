import { setTimeout } from "node:timers/promises";
import { MienError } from "@mien/format";
import type { ServerProcess } from "./server-process.ts";
import type { SaidState, WatchedPage } from "./watched-page.ts";

/** What one kill led to, in milliseconds since it. */
export interface KillRound {
  /** When the page said that the camera was lost. */
  readonly saidMs: number;
  /** When it showed a new frame. */
  readonly backMs: number;
}

/** A page that says nothing for so long has failed, in milliseconds. */
const PATIENCE = 15_000;
const STEP = 20;

/**
 * Kills the process that reads the camera, again and again.
 *
 * @throws {MienError} `mismatch` if the page does not say so, or does not come back.
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
  const stateAfter = async (state: string, time: number): Promise<SaidState | undefined> =>
    (await watched.states()).find((said) => said.state === state && said.timeMs > time);
  const rounds: KillRound[] = [];
  while (rounds.length < options.kills) {
    const before = await now();
    await until("the page showed no frame", () => frameAfter(before));
    const [pid] = await until("no process read the camera", async () => {
      const found = await server.cameraProcesses();
      return found.length > 0 ? found : undefined;
    });
    const killed = await now();
    process.kill(pid as number, "SIGKILL");
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
