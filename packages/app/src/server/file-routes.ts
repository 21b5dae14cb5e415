import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { MienError } from "@mien/format";
import type { FastifyInstance } from "fastify";
import type { LiveApp } from "../live/live-app.ts";
import { MAX_FILE } from "../live/file-analyses.ts";
import { SESSION_FILES } from "../live/session-files.ts";
import { REPORT_POLICY } from "./session-routes.ts";

const PARAMS = { type: "object", properties: { id: { type: "string", maxLength: 40 } } } as const;
const TYPES = { results: "application/x-ndjson", table: "text/csv; charset=utf-8" } as const;

interface OfFile {
  Params: { id: string };
}

/** Adds the addresses of files that pages send to be analysed. */
export function addFiles(server: FastifyInstance, app: LiveApp): void {
  // In a scope of its own, because a film is written to disk while it arrives, whatever its type.
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, content, done) => done(null, content));
    scope.post<{ Querystring: { name: string }; Body: Readable | undefined }>(
      "/api/files",
      {
        bodyLimit: MAX_FILE,
        schema: {
          summary:
            "Analyse the image or film in the body; it is deleted afterwards. The answer contains the id.",
          consumes: ["application/octet-stream"],
          querystring: {
            type: "object",
            required: ["name"],
            properties: { name: { type: "string", minLength: 1, maxLength: 255 } },
          },
        },
      },
      ({ query: { name }, body }) => {
        if (body === undefined) throw new MienError("usage", "the body must be an image or a film");
        return app.files.add(name, body);
      },
    );
    await Promise.resolve();
  });
  server.get<OfFile>(
    "/api/files/:id",
    { schema: { summary: "Progress or result of the analysis of a file.", params: PARAMS } },
    ({ params: { id } }) => app.files.get(id),
  );
  server.delete<OfFile>(
    "/api/files/:id",
    { schema: { summary: "End an analysis, and delete its results.", params: PARAMS } },
    async ({ params: { id } }) => {
      await app.files.remove(id);
      return {};
    },
  );
  server.get<OfFile>(
    "/api/files/:id/report.html",
    { schema: { summary: "The report of an analysed file, as a page.", params: PARAMS } },
    ({ params: { id } }, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("Content-Security-Policy", REPORT_POLICY)
        .send(app.files.report(id)),
  );
  for (const kind of ["results", "table"] as const) {
    const file = SESSION_FILES[kind];
    server.get<OfFile>(
      `/api/files/:id/${file}`,
      { schema: { summary: `The file ${file} of an analysed file.`, params: PARAMS } },
      ({ params: { id } }, reply) =>
        reply
          .type(TYPES[kind])
          .header("Content-Disposition", `attachment; filename="${file}"`)
          .send(createReadStream(app.files.table(id, kind))),
    );
  }
}
