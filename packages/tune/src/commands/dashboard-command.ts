import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { defineCommand } from "@mien/cli";
import { MienError, withoutSecrets } from "@mien/format";
import { z } from "zod";
import { findPython, PYTHON_FOLDER } from "../optuna/optuna-bridge.ts";
import { findPlace, openStudy, placeOptions } from "../study-place.ts";

/** Address of the dashboard: this machine only, because its pages can change and delete studies. */
const HOST = "127.0.0.1";

const answerSchema = z.union([
  z.strictObject({ port: z.int() }),
  z.strictObject({ error: z.string() }),
]);

export const dashboardCommand = defineCommand({
  name: "dashboard",
  summary: "Show a study in optuna-dashboard, also while it runs",
  details:
    `Serves optuna-dashboard on ${HOST} until Ctrl-C. To reach it from another machine, forward the port. ` +
    "Its pages can also change and delete studies.",
  examples: [
    "npx nx run tune:dashboard",
    "npx nx run tune:dashboard --study big --storage postgresql://user:password@host/mien",
  ],
  options: {
    ...placeOptions,
    port: {
      type: "integer",
      description: "Port of the dashboard; 0 takes any free port",
      unit: null,
      default: 8765,
      min: 0,
      max: 65_535,
    },
  },
  async run(values, { terminal, signal }) {
    const place = await findPlace(values);
    // Reports what is wrong with the study before anything is served.
    const address = "url" in place.store ? place.store.url : "";
    const onComplaint = (line: string) => terminal.warn(`python: ${withoutSecrets(line, address)}`);
    const { bridge, study } = await openStudy(place, { worker: 1, onComplaint });
    await bridge.close();

    const python = findPython();
    const script = path.join(PYTHON_FOLDER, "dashboard.py");
    const child = spawn(python, ["-E", "-s", script], { stdio: ["pipe", "pipe", "pipe"] });
    createInterface(child.stderr).on("line", onComplaint);
    child.stdin.on("error", () => undefined);
    const ended = once(child, "close");
    const request = { store: place.store, host: HOST, port: values.port };
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { value } = (await lines.next()) as { value?: string };
    const answer = answerSchema.parse(JSON.parse(value ?? '{"error": "it ended at once"}'));
    if ("error" in answer) {
      const taken = /in use/.test(answer.error);
      throw new MienError(
        "environment",
        `the dashboard did not start: ${withoutSecrets(answer.error, address)}`,
        {
          advice: taken
            ? `Port ${values.port} is taken: choose another one with --port, or 0 for any.`
            : "Run `npm run setup`: it installs what the dashboard needs.",
        },
      );
    }
    const page = `http://${HOST}:${answer.port}/dashboard/`;
    terminal.say(`${study} is at ${page}; Ctrl-C ends it`);
    const stop = () => void child.stdin.end();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    await ended;
    if (!signal.aborted) throw new MienError("environment", "the dashboard ended unexpectedly");
    return { study, address: page };
  },
});
