import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { defineCommand, findModel, shellQuote } from "@mien/cli";
import { decodeModelMetadata, MienError, readOnnxMetadata, withoutSecrets } from "@mien/format";
import type { FastifyInstance } from "fastify";
import { PAGE_CAMERAS, type SourceEvents } from "../live/live-source.ts";
import { given } from "../setting-flags.ts";
import {
  detectEveryOption,
  detectorOption,
  modelOption,
  peopleOption,
  quorumOption,
  recogniserOption,
  sourceOption,
  threadsOption,
  windowOption,
} from "../shared-options.ts";

export const live = defineCommand({
  name: "live",
  summary: "Show faces, names and expressions live on a web page",
  details:
    "Serves a page on this machine only. Stores nothing unless asked to on the page: sessions go to artifacts/sessions, people who consent to artifacts/people.\n" +
    "With --host, others in the network can open the page by its address, which contains a token and is printed.\n" +
    "The page shows expressions, that is, how a face looks; feelings cannot be read from them. Inform the people in view (EU AI Act, Art. 50(3)), and do not use it at work or in schools (Art. 5(1)(f)).",
  examples: [
    "npx nx run app:live",
    "npx nx run app:live --source webcam",
    "npx nx run app:live --source film.mp4 --port 4000 --no-open",
  ],
  options: {
    source: {
      ...sourceOption,
      description: `Source as in app:analyze, or ${PAGE_CAMERAS}: the camera of the page itself`,
      default: PAGE_CAMERAS,
    },
    port: {
      type: "integer",
      unit: null,
      min: 0,
      max: 65535,
      default: 3000,
      description: "Port of the page; 0 takes any free port",
      group: "server",
    },
    host: {
      type: "string",
      placeholder: "ADDRESS",
      default: "127.0.0.1",
      description: "Address to listen on; 0.0.0.0 opens the page to the network, with a token",
      group: "server",
    },
    open: {
      type: "boolean",
      default: true,
      description: "Do not open the page in a browser",
      group: "server",
    },
    model: modelOption,
    threads: threadsOption,
    detector: detectorOption,
    detectEvery: detectEveryOption,
    people: peopleOption,
    recogniser: recogniserOption,
    window: windowOption,
    quorum: quorumOption,
    sessions: {
      type: "string",
      placeholder: "DIR",
      default: "artifacts/sessions",
      description: "Folder of recorded sessions",
      group: "output",
    },
  },
  async run(values, { terminal, signal }) {
    const [
      { LiveApp },
      { openLiveSource },
      { createServer },
      { readPage },
      { isLoopback },
      { findFaceModel },
      { openPeople, sayWhoIsRecognised },
      { SourceWarnings },
    ] = await Promise.all([
      import("../live/live-app.ts"),
      import("../live/live-source.ts"),
      import("../server/create-server.ts"),
      import("../server/page-files.ts"),
      import("../server/guard.ts"),
      import("../face-models.ts"),
      import("../people/open-people.ts"),
      import("@mien/camera"),
    ]);
    const page = await readPage();
    const model = await findModel(values.model);
    const detector = findFaceModel("detector", values.detector);
    const { input } = decodeModelMetadata(readOnnxMetadata(await readFile(model), model), model);
    const { window: size, quorum, detectEvery, threads, host } = values;
    const warnings = new SourceWarnings((message) => terminal.warn(message));
    const notices = new EventEmitter<SourceEvents>().on("notice", (notice) => {
      // The page shows whether the source is lost.
      if (notice.kind !== "lost" && notice.kind !== "back") warnings.add(notice);
    });
    const source = await openLiveSource(values.source, { signal, notices });
    const store = await openPeople(
      {
        folder: values.people,
        recogniser: values.recogniser,
        threads,
        background: true,
        results: ["artifacts", values.sessions],
      },
      terminal,
    );
    const card = model.replace(/(\.int8|\.fp16)?\.onnx$/, ".md");
    const app = await LiveApp.open({
      source,
      store,
      model,
      input,
      sessions: values.sessions,
      card: existsSync(card) ? card : undefined,
      pipeline: {
        expression: model,
        detector,
        ...given({ detectEvery }),
        threads,
        background: true,
        confirmation: given({ size, quorum }),
      },
    });
    const token = isLoopback(host) ? undefined : randomBytes(16).toString("base64url");
    const server = await createServer(app, page, { host, token });
    const stopped = new AbortController();
    signal.addEventListener("abort", () => stopped.abort(), { once: true });
    try {
      const port = await listen(server, { port: values.port, host });
      const query = token === undefined ? "" : `/?token=${token}`;
      const address = `http://${host.includes(":") ? `[${host}]` : shownHost(host)}:${port}`;
      terminal.say(`model ${model}; face detector ${detector}`);
      sayWhoIsRecognised(store, terminal);
      terminal.say(`page  ${address}${query}  (Ctrl-C ends it)`);
      const { readsPageCameras } = app.engine;
      if (!readsPageCameras) terminal.say(`source ${source.name}`);
      if (values.open) await openPage(`${address}${query}`);
      await app.engine.run(stopped.signal).finally(() => warnings.finish());
      // If the source has ended, the page stays available until Ctrl-C.
      if (!signal.aborted) await once(signal, "abort");
      const { totals } = app.engine.meter;
      terminal.table(
        ["frames", "faces", "left out"],
        [[totals.frames, totals.faces, totals.dropped]],
      );
      const typed = shellQuote(withoutSecrets(values.source));
      if (readsPageCameras) terminal.next("npx nx run app:doctor", "says which cameras work here");
      else {
        terminal.next(`npx nx run app:analyze --source ${typed}`, "writes all results into a file");
      }
      return { address, source: source.name, model, ...totals };
    } finally {
      stopped.abort();
      await server.close();
      await source.source?.close();
      await app.close();
    }
  },
});

/**
 * Starts to listen.
 *
 * @returns the port.
 * @throws {MienError} `environment` if the port or the address cannot be used.
 */
async function listen(
  server: FastifyInstance,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<number> {
  const problems: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use`,
    EACCES: `port ${port} may not be used`,
    EADDRNOTAVAIL: `${host} is not an address of this machine`,
    ENOTFOUND: `${host} is not an address of this machine`,
  };
  await server.listen({ port, host }).catch((error: NodeJS.ErrnoException) => {
    const problem = problems[error.code ?? ""];
    if (problem === undefined) throw error;
    throw new MienError("environment", problem, {
      advice:
        "Choose another port with --port (0 takes any free port) or another address with --host.",
    });
  });
  const [address] = server.addresses();
  return typeof address === "object" ? address.port : port;
}

/**
 * The address for other machines: an address of this machine if the server listens on all
 * addresses.
 */
function shownHost(host: string): string {
  if (host !== "0.0.0.0") return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((one) => one.family === "IPv4" && !one.internal)?.address ?? host;
}

/** The program that opens an address in the default browser, and its arguments, by platform. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Opens the page in the default browser; if there is none, the printed address is enough. */
async function openPage(address: string): Promise<void> {
  const { spawn } = await import("node:child_process");
  const [program, ...flags] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...flags, address], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
