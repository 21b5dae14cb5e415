import { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { defineCommand, findModel, shellQuote } from "@mien/cli";
import { MienError } from "@mien/format";
import type { FastifyInstance } from "fastify";
import { PAGE_CAMERAS, type SourceEvents } from "../live/live-source.ts";
import { liveSettingFlags, pictureSize } from "../live/live-settings.ts";
import { serverAccess } from "../server/server-access.ts";
import {
  detectorOption,
  peopleOption,
  recogniserOption,
  threadsOption,
} from "../shared-options.ts";

export const live = defineCommand({
  name: "live",
  summary: "Show faces, names and expressions live on a web page",
  details:
    "Serves a page on this machine only. Stores nothing unless asked to on the page: sessions go to artifacts/sessions, people who consent to artifacts/people.\n" +
    "With --host, others in the network can open the page by its address, which contains a token and is printed. A second address is printed whose token allows viewing only. The environment variables MIEN_TOKEN and MIEN_VIEW_TOKEN set both tokens, so that the addresses stay the same.\n" +
    "Settings that are changed on the page are used again at the next start. Flags replace them.\n" +
    "The page shows expressions, that is, how a face looks; feelings cannot be read from them. Inform the people in view (EU AI Act, Art. 50(3)), and do not use it at work or in schools (Art. 5(1)(f)).",
  examples: [
    "npx nx run app:live",
    "npx nx run app:live --source webcam",
    "npx nx run app:live --source film.mp4 --port 4000 --no-open",
    "npx nx run app:live --source webcam --privacy",
    "npx nx run app:live --source webcam --kiosk --kiosk-style museum.css",
    "npx nx run app:live --source webcam --allow-host faces.example.org --no-open",
  ],
  options: {
    ...liveSettingFlags,
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
    allowHost: {
      type: "string",
      placeholder: "NAMES",
      description:
        "Further names of this server, such as a proxy's, separated by commas; requests need a token",
      defaultText: "none",
      group: "server",
    },
    allowOrigin: {
      type: "string",
      placeholder: "ORIGINS",
      description:
        "Other sites, separated by commas, whose pages may use the server; requests need a token",
      defaultText: "none",
      group: "server",
    },
    cert: {
      type: "string",
      placeholder: "FILE",
      description: "Certificate in PEM, to encrypt connections; needs --key",
      defaultText: "no encryption",
      group: "server",
    },
    key: {
      type: "string",
      placeholder: "FILE",
      description: "Private key of the certificate, in PEM",
      defaultText: "no encryption",
      group: "server",
    },
    privacy: {
      type: "boolean",
      description:
        "Begin in privacy mode: pages get no pictures until somebody switches it off there",
      group: "server",
    },
    kiosk: {
      type: "boolean",
      description: "Open the full-screen page for public places, and again if its browser ends",
      group: "kiosk",
    },
    kioskStyle: {
      type: "string",
      placeholder: "FILE",
      description: "Style of the kiosk page, a .css file; see docs/live.md",
      defaultText: "none",
      group: "kiosk",
    },
    threads: threadsOption,
    detector: detectorOption,
    people: peopleOption,
    recogniser: recogniserOption,
    settings: {
      type: "string",
      placeholder: "FILE",
      default: "artifacts/live-settings.json",
      description: "File of the settings that are changed on the page",
      group: "output",
    },
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
      { LiveSettings },
      { keepKioskOpen, openPage },
      { findFaceModel },
      { openPeople, sayWhoIsRecognised },
      { SourceWarnings },
    ] = await Promise.all([
      import("../live/live-app.ts"),
      import("../live/live-source.ts"),
      import("../server/create-server.ts"),
      import("../server/page-files.ts"),
      import("../live/live-settings.ts"),
      import("../live/kiosk-browser.ts"),
      import("../face-models.ts"),
      import("../people/open-people.ts"),
      import("@mien/camera"),
    ]);
    const page = await readPage();
    const access = await serverAccess(values);
    const detector = findFaceModel("detector", values.detector);
    const { threads, host } = values;
    const warnings = new SourceWarnings((message) => terminal.warn(message));
    const notices = new EventEmitter<SourceEvents>().on("notice", (notice) => {
      // The page shows whether the source is lost.
      if (notice.kind !== "lost" && notice.kind !== "back") warnings.add(notice);
    });
    const settings = await LiveSettings.open({
      file: values.settings,
      given: values,
      onProblem: (message) => terminal.warn(message),
    });
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
    const app = await LiveApp.open({
      store,
      settings,
      openSource: (chosen) =>
        openLiveSource(chosen.source ?? PAGE_CAMERAS, {
          signal,
          notices,
          size: pictureSize(chosen),
        }),
      findModel: (chosen) => findModel(chosen.model),
      privacy: values.privacy,
      network: access.token !== undefined,
      sessions: values.sessions,
      pipeline: { detector, threads, background: true },
    });
    const server = await createServer(app, page, access);
    const stopped = new AbortController();
    signal.addEventListener("abort", () => stopped.abort(), { once: true });
    try {
      const port = await listen(server, { port: values.port, host });
      const scheme = access.tls === undefined ? "http" : "https";
      const address = `${scheme}://${host.includes(":") ? `[${host}]` : shownHost(host)}:${port}`;
      const place = values.kiosk ? "/kiosk" : "/";
      const query = (token: string | undefined) => (token === undefined ? "" : `?token=${token}`);
      const full = access.token === undefined && !values.kiosk ? "" : place + query(access.token);
      terminal.say(`model ${app.model}; face detector ${detector}`);
      sayWhoIsRecognised(store, terminal);
      terminal.say(`page  ${address}${full}  (Ctrl-C ends it)`);
      if (access.viewToken !== undefined) {
        terminal.say(`view only  ${address}${place}${query(access.viewToken)}`);
      }
      if (!app.engine.readsPageCameras) terminal.say(`source ${app.engine.source}`);
      if (values.open && values.kiosk) {
        keepKioskOpen(`${address}${full}`, {
          isShown: () => app.engine.demand.kiosks > 0,
          folder: path.resolve("artifacts/kiosk-browser"),
          signal: stopped.signal,
        });
      } else if (values.open) openPage(`${address}${full}`);
      await app.engine.run(stopped.signal).finally(() => warnings.finish());
      const { totals } = app.engine.meter;
      terminal.table(
        ["frames", "faces", "left out"],
        [[totals.frames, totals.faces, totals.dropped]],
      );
      const { source, readsPageCameras } = app.engine;
      const typed = shellQuote(source);
      if (readsPageCameras) terminal.next("npx nx run app:doctor", "says which cameras work here");
      else {
        terminal.next(`npx nx run app:analyze --source ${typed}`, "writes all results into a file");
      }
      return { address, source, model: app.model, ...totals };
    } finally {
      stopped.abort();
      await server.close();
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
