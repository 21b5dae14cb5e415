import swagger from "@fastify/swagger";
import websocket from "@fastify/websocket";
import { MienError, messageOf } from "@mien/format";
import fastify, { type FastifyInstance } from "fastify";
import type { LiveApp } from "../live/live-app.ts";
import { addApi } from "./api.ts";
import { guard, type GuardOptions } from "./guard.ts";
import type { PageFile } from "./page-files.ts";
import { MAX_MESSAGE, Viewers } from "./viewers.ts";

/** The largest image that may be sent, in bytes. */
const MAX_UPLOAD = 20 * 1024 * 1024;
const STATS_INTERVAL = 1000;

const STATUS: Partial<Record<MienError["code"], number>> = {
  usage: 400,
  "bad-image": 422,
  "missing-file": 404,
  conflict: 409,
};

/**
 * The live page's server: the page, `/ws`, `/api` and `/metrics`.
 *
 * @returns not yet listening; `close` ends every connection.
 */
export async function createServer(
  app: LiveApp,
  page: ReadonlyMap<string, PageFile>,
  options: GuardOptions,
): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: MAX_UPLOAD,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  const viewers = new Viewers(app.engine);
  // Before the guard: it has to know about a connection to close it when it is refused.
  await server.register(websocket, {
    options: { maxPayload: MAX_MESSAGE, perMessageDeflate: false },
  });
  server.addHook("onRequest", guard(options));
  server.setErrorHandler(async (error, _request, reply) => {
    const known = error instanceof MienError;
    const status = known
      ? (STATUS[error.code] ?? 500)
      : ((error as { statusCode?: number }).statusCode ?? 500);
    if (status >= 500) console.error(error);
    await reply.code(status).send({
      error: {
        code: known ? error.code : "refused",
        // What is wrong inside is nobody's business.
        message: status >= 500 && !known ? "something went wrong on the server" : messageOf(error),
        advice: known ? error.advice : undefined,
      },
    });
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: { code: "missing-file", message: "there is nothing here" } }),
  );
  await server.register(swagger, {
    openapi: {
      info: {
        title: "mien live",
        description: "What the live page does, for programs. It reads expressions, not feelings.",
        version: "1",
      },
    },
  });
  await server.register(async (scope) => {
    scope.get("/ws", { websocket: true, schema: { hide: true } }, (socket) => {
      viewers.add(socket, [app.hello, app.status, app.enrolment]);
    });
    addApi(scope, app, viewers);
    await Promise.resolve();
  });
  for (const [place, { type, content, gzipped }] of page) {
    server.get(place, { schema: { hide: true } }, (request, reply) => {
      const zips = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
      if (zips) reply.header("Content-Encoding", "gzip");
      if (place !== "/") reply.header("Cache-Control", "max-age=31536000, immutable");
      return reply.type(type).send(zips ? gzipped : content);
    });
  }
  const stop = app.engine.listen({ onFrame: (frame) => viewers.show(frame) });
  app.onChange = (what) => {
    if (what === "status") viewers.tell(app.status);
    else if (what === "enrolment") viewers.tell(app.enrolment);
    else viewers.tell(app.hello);
  };
  const timer = setInterval(
    () => viewers.tell(app.engine.meter.read(viewers.count)),
    STATS_INTERVAL,
  );
  server.addHook("preClose", async () => {
    clearInterval(timer);
    stop();
    viewers.close();
    await Promise.resolve();
  });
  return server;
}
