import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { MienError } from "@mien/format";
import type { FastifyInstance } from "fastify";
import type { LiveApp } from "../live/live-app.ts";
import {
  deleteSession,
  listSessions,
  readDetails,
  readReport,
  SESSION_FILES,
  sessionFolder,
} from "../live/session-files.ts";

/** A report has its style inside, and no script. */
export const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; sandbox";

const PARAMS = { type: "object", properties: { id: { type: "string", maxLength: 40 } } } as const;
const TYPES = { results: "application/x-ndjson", table: "text/csv; charset=utf-8" } as const;

interface OfSession {
  Params: { id: string };
}

/** Adds the addresses of recorded sessions: list, results, report and deletion. */
export function addSessions(server: FastifyInstance, app: LiveApp): void {
  const root = app.sessions;
  const listed = async () => ({ folder: root, sessions: await listSessions(root, app.recorded) });
  server.get("/api/sessions", { schema: { summary: "The recorded sessions." } }, listed);
  server.get<OfSession>(
    "/api/sessions/:id",
    {
      schema: {
        summary: "The people of a session, and how often each expression was confirmed.",
        params: PARAMS,
      },
    },
    ({ params: { id } }) => readDetails(root, id),
  );
  server.get<OfSession>(
    "/api/sessions/:id/report.html",
    { schema: { summary: "The report of a session, as a page.", params: PARAMS } },
    async ({ params: { id } }, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("Content-Security-Policy", REPORT_POLICY)
        .send(await readReport(root, id)),
  );
  for (const kind of ["results", "table"] as const) {
    const file = SESSION_FILES[kind];
    server.get<OfSession>(
      `/api/sessions/:id/${file}`,
      { schema: { summary: `The file ${file} of a session.`, params: PARAMS } },
      async ({ params: { id } }, reply) => {
        const place = path.join(sessionFolder(root, id), file);
        await stat(place).catch((cause: unknown) => {
          throw new MienError("missing-file", `there is no session ${id}`, { cause });
        });
        return reply
          .type(TYPES[kind])
          .header("Content-Disposition", `attachment; filename="${id}-${file}"`)
          .send(createReadStream(place));
      },
    );
  }
  server.delete<OfSession>(
    "/api/sessions/:id",
    { schema: { summary: "Delete a session and all of its files.", params: PARAMS } },
    async ({ params: { id } }) => {
      if (app.recorded !== null && path.basename(app.recorded.folder) === id) {
        throw new MienError("conflict", "this session is being recorded", {
          advice: "Stop the recording first.",
        });
      }
      await deleteSession(root, id);
      return listed();
    },
  );
}
