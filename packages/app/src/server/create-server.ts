import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import swagger from "@fastify/swagger";
import websocket from "@fastify/websocket";
import { MienError, messageOf } from "@mien/format";
import fastify, { type FastifyError, type FastifyInstance } from "fastify";
import type { ServerMessage } from "@mien/web";
import type { LiveApp } from "../live/live-app.ts";
import type { LiveFrame } from "../live/live-frame.ts";
import { addApi } from "./api.ts";
import { guard, isViewOnly, type GuardOptions } from "./guard.ts";
import type { PageFile } from "./page-files.ts";
import { MAX_MESSAGE, Viewers } from "./viewers.ts";

/** The address of the user's style of the kiosk. */
const KIOSK_STYLE = "/kiosk.css";
/** The largest uploaded image, in bytes. */
const MAX_UPLOAD = 20 * 1024 * 1024;
/** Time between two `Stats` messages, in ms. */
const STATS_INTERVAL = 1000;
/** The events of a live app whose message is sent to every viewer. */
const MESSAGE_EVENTS = ["status", "enrolment", "people", "settings"] as const;

/** The HTTP status of an error by its code; 500 for every other code. */
const STATUS: Partial<Record<MienError["code"], number>> = {
  usage: 400,
  "bad-image": 422,
  "missing-file": 404,
  conflict: 409,
};

/** Who may use a server, and whether it encrypts. */
export interface ServerOptions extends Omit<GuardOptions, "isEncrypted"> {
  /** Certificate and private key in PEM; undefined for connections without encryption. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** The user's style of `/kiosk`, in CSS; read for each request. Default none. */
  readonly kioskStyle?: (() => Promise<string>) | undefined;
}

/**
 * Creates the server of the live page: the page, `/ws`, `/api` and `/metrics`.
 *
 * @param page the files of the page by path, see `readPage`.
 * @returns a server that does not listen yet; `close` ends every connection.
 */
export async function createServer(
  app: LiveApp,
  page: ReadonlyMap<string, PageFile>,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const { tls } = options;
  const server = fastify({
    serverFactory: (handler) =>
      tls === undefined ? createHttpServer(handler) : createHttpsServer(tls, handler),
    bodyLimit: MAX_UPLOAD,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  const viewers = new Viewers(app.engine);
  // Registered before the guard, because it closes the connections that the guard refuses.
  await server.register(websocket, {
    options: { maxPayload: MAX_MESSAGE, perMessageDeflate: false },
  });
  server.addHook(
    "onRequest",
    guard({ ...options, isEncrypted: tls !== undefined }, new Set([...page.keys(), KIOSK_STYLE])),
  );
  server.setErrorHandler<FastifyError | MienError>(async (error, _request, reply) => {
    const known = error instanceof MienError;
    const status = (known ? STATUS[error.code] : error.statusCode) ?? 500;
    if (status >= 500) console.error(error);
    await reply.code(status).send({
      error: {
        code: known ? error.code : "refused",
        // The message of an unexpected error may contain details of this machine.
        message: status >= 500 && !known ? "something went wrong on the server" : messageOf(error),
        advice: known ? error.advice : undefined,
      },
    });
  });
  server.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send({ error: { code: "missing-file", message: "nothing is served at this address" } }),
  );
  await server.register(swagger, {
    openapi: {
      info: {
        title: "mien live",
        description:
          "Everything that the live page can do. Expressions are what faces show, not feelings.",
        version: "1",
      },
    },
  });
  await server.register(async (scope) => {
    scope.get<{ Querystring: { ack?: string; kiosk?: string; pictures?: string } }>(
      "/ws",
      { websocket: true, schema: { hide: true } },
      (socket, request) => {
        viewers.add(socket, [app.hello, app.status, app.enrolment.state], {
          acknowledges: request.query.ack === "1",
          viewOnly: isViewOnly(request),
          isKiosk: request.query.kiosk === "1",
          pictures: !app.startsPrivate && request.query.pictures !== "0",
          connection: request.raw.socket,
        });
      },
    );
    addApi(scope, app, viewers);
    await Promise.resolve();
  });
  server.get(KIOSK_STYLE, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("text/css; charset=utf-8").send((await options.kioskStyle?.()) ?? ""),
  );
  for (const [place, { type, content, gzipped }] of page) {
    server.get(place, { schema: { hide: true } }, (request, reply) => {
      const acceptsGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
      if (acceptsGzip) reply.header("Content-Encoding", "gzip");
      if (place.startsWith("/assets/"))
        reply.header("Cache-Control", "max-age=31536000, immutable");
      return reply.type(type).send(acceptsGzip ? gzipped : content);
    });
  }
  app.flushViewers = () => viewers.flush();
  const sendFrame = (frame: LiveFrame) => viewers.sendFrame(frame);
  const sendMessage = (message: ServerMessage) => viewers.sendMessage(message);
  app.on("frame", sendFrame);
  for (const event of MESSAGE_EVENTS) app.on(event, sendMessage);
  const timer = setInterval(
    () => viewers.sendStats(app.engine.meter.read(viewers.count)),
    STATS_INTERVAL,
  );
  server.addHook("preClose", async () => {
    clearInterval(timer);
    app.off("frame", sendFrame);
    for (const event of MESSAGE_EVENTS) app.off(event, sendMessage);
    app.flushViewers = () => Promise.resolve();
    viewers.close();
    await Promise.resolve();
  });
  return server;
}
