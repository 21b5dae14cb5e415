import { takeLock } from "./lock.mjs";
import { checkPath } from "./path.mjs";
import { stopAll } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";
import { createSteps, secondsSince } from "./steps.mjs";
import { look, supply } from "./supply.mjs";
import { isAtLeast } from "./versions.mjs";

const OLDEST_NODE = [20, 19];
/** How much of a failed tool's output is shown above the sentence that explains it, in lines. */
const SHOWN_LINES = 15;

const debug = process.env.MIEN_DEBUG === "1";

/**
 * Runs a set-up in the current folder as a whole program: sets up what is missing, shows the
 * progress, and ends the process with 1 after an error that it has explained.
 *
 * @param {import("./supply.mjs").Wanted} wanted
 */
export async function runSetup(wanted) {
  const steps = createSteps();
  process.once("SIGINT", () => stop(130));
  process.once("SIGTERM", () => stop(143));
  try {
    await setUp(wanted, steps);
  } catch (error) {
    steps.stop();
    report(error);
    stop(1);
  }
}

/**
 * @param {import("./supply.mjs").Wanted} wanted
 * @param {import("./steps.mjs").Steps} steps
 */
async function setUp(wanted, steps) {
  const start = performance.now();
  if (!isAtLeast(process.version, OLDEST_NODE)) {
    throw new SetupError(
      `Node ${OLDEST_NODE.join(".")} or newer is needed, this is ${process.version}: install a newer one from Node's website or with a version manager.`,
    );
  }
  checkPath(process.cwd());

  let state = await look(wanted);
  if (!state.complete) {
    await takeLock();
    state = await look(wanted); // another set-up may have done it meanwhile
  }
  if (!state.complete) {
    await supply(wanted, state, steps);
    console.log(`set up in ${secondsSince(start)}`);
  } else {
    console.log(`set up: ${state.found}; nothing is missing (${secondsSince(start)})`);
  }
}

/** @param {unknown} error */
function report(error) {
  const known = error instanceof SetupError;
  const output = known ? error.output.trimEnd() : "";
  const lines = output === "" ? [] : output.split("\n");
  for (const line of debug ? lines : lines.slice(-SHOWN_LINES)) console.error(`  ${line}`);
  const message = error instanceof Error ? error.message : String(error);
  console.error(`set-up failed: ${message}${known ? "" : " (MIEN_DEBUG=1 shows where)"}`);
  if (debug) console.error(error);
}

/** @param {number} code */
function stop(code) {
  stopAll();
  process.exit(code);
}
