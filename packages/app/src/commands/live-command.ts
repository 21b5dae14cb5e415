import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { defineCommand, findModel, shellQuote } from "@mien/cli";
import { decodeModelMetadata, MienError, readOnnxMetadata, withoutSecrets } from "@mien/format";
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
import { parseSource, SourceWarnings } from "@mien/camera";

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
      description: "Source as in app:analyze, or browser: the camera of the page itself",
      default: "browser",
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
    const [{ LiveApp }, { createServer }, { readPage }, { isLoopback }, feed, { openStore }] =
      await Promise.all([
        import("../live/app.ts"),
        import("../server/create-server.ts"),
        import("../server/page-files.ts"),
        import("../server/guard.ts"),
        import("../live/feed.ts"),
        import("../people/open-store.ts"),
      ]);
    const { findFaceModel } = await import("../face-models.ts");
    const page = await readPage();
    const model = await findModel(values.model);
    const detector = findFaceModel("detector", values.detector);
    const { input } = decodeModelMetadata(readOnnxMetadata(await readFile(model), model), model);
    const { text } = await parseSource(values.source);
    const { window: windowSize, quorum, detectEvery, threads, host } = values;
    const shown = withoutSecrets(text);
    const typed = withoutSecrets(values.source);
    const warnings = new SourceWarnings((message) => terminal.warn(message));
    // A camera may come later, and the page says so; a file that is not there never will.
    const source =
      text === "browser" || feed.mayComeBack(text)
        ? undefined
        : await feed.openLive(text, signal, warnings.add);
    const store = await openStore(values.people, {
      recogniser: values.recogniser,
      threads,
      results: ["artifacts", values.sessions],
    });
    for (const { error } of store.damaged) terminal.warn(error.message);
    for (const name of store.forgotten) terminal.say(`deleted ${name}, whose time was over`);
    const card = model.replace(/(\.int8|\.fp16)?\.onnx$/, ".md");
    const app = await LiveApp.open({
      source: text,
      store,
      model,
      input,
      windowSize,
      quorum,
      sessions: values.sessions,
      card: existsSync(card) ? card : undefined,
      pipeline: {
        expression: model,
        detector,
        detectEvery,
        threads,
        background: true,
        confirmation: { size: windowSize, quorum },
      },
    });
    const token = isLoopback(host) ? undefined : randomBytes(16).toString("base64url");
    const server = await createServer(app, page, { host, token });
    const stopped = new AbortController();
    signal.addEventListener("abort", () => stopped.abort(), { once: true });
    try {
      await listen(server, values.port, host);
      const { port } = server.server.address() as { port: number };
      const query = token === undefined ? "" : `/?token=${token}`;
      const address = `http://${host.includes(":") ? `[${host}]` : shownHost(host)}:${port}`;
      terminal.say(`model ${model}; faces by ${detector}`);
      const names = store.people.list().map(({ name }) => name);
      terminal.say(
        names.length === 0
          ? "recognition is off: nobody is enrolled"
          : `people ${values.people}: ${names.join(", ")}`,
      );
      terminal.say(`page  ${address}${query}  (Ctrl-C ends it)`);
      if (text !== "browser") terminal.say(`source ${shown}`);
      if (values.open) await openPage(`${address}${query}`);
      await app.engine.run(stopped.signal, source).finally(() => warnings.finish());
      if (!signal.aborted) {
        // A source that has ended leaves its page open, to look at.
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      const { totals } = app.engine.meter;
      terminal.table(
        ["frames", "faces", "left out"],
        [[totals.frames, totals.faces, totals.dropped]],
      );
      terminal.next(
        text === "browser"
          ? "npx nx run app:doctor"
          : `npx nx run app:analyze --source ${shellQuote(typed)}`,
        text === "browser" ? "says which cameras work here" : "writes all of it into a file",
      );
      return { address, source: shown, model, ...totals };
    } finally {
      stopped.abort();
      await server.close();
      await source?.close();
      await app.close();
    }
  },
});

async function listen(
  server: { listen(at: { port: number; host: string }): Promise<unknown> },
  port: number,
  host: string,
): Promise<void> {
  await server.listen({ port, host }).catch((error: NodeJS.ErrnoException) => {
    const problem = {
      EADDRINUSE: `port ${port} is in use`,
      EACCES: `port ${port} may not be used`,
      EADDRNOTAVAIL: `${host} is no address of this machine`,
      ENOTFOUND: `${host} is no address of this machine`,
    }[error.code ?? ""];
    if (problem === undefined) throw error;
    throw new MienError("environment", problem, {
      advice: "Name another with --port (0 takes a free one) or --host.",
    });
  });
}

/** An address that others can type. */
function shownHost(host: string): string {
  if (host !== "0.0.0.0") return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((one) => one.family === "IPv4" && !one.internal)?.address ?? host;
}

/** In the browser that the system opens pages with; where there is none, the address is enough. */
async function openPage(address: string): Promise<void> {
  const { spawn } = await import("node:child_process");
  const [program, ...flags] = (
    { darwin: ["open"], win32: ["cmd", "/c", "start", ""] } as Record<string, string[]>
  )[process.platform] ?? ["xdg-open"];
  const child = spawn(program as string, [...flags, address], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
