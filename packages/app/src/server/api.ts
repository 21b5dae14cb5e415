import { readFile } from "node:fs/promises";
import { checkPersonName, LONGEST_NAME, MienError } from "@mien/format";
import type { FastifyInstance } from "fastify";
import type { LiveApp } from "../live/live-app.ts";
import type { ConsentedRequest } from "../live/live-enrolment.ts";
import type { SettingValue } from "@mien/web";
import { consentText } from "../people/consent.ts";
import { KEEP_DAYS, MAX_KEEP_DAYS } from "../people/retention.ts";
import { MAX_PICTURES } from "../acquire/max-pictures.ts";
import { faceInput } from "./face-input.ts";
import { decodeUpload } from "./decode-upload.ts";
import { addFiles } from "./file-routes.ts";
import { addPersonPictures } from "./person-picture-routes.ts";
import { addSessions } from "./session-routes.ts";
import type { Viewers } from "./viewers.ts";

const NAME = { type: "string", minLength: 1, maxLength: LONGEST_NAME } as const;
const DAYS = { type: "integer", minimum: 1, maximum: MAX_KEEP_DAYS, default: KEEP_DAYS } as const;

/** The JSON schema of a body whose properties are all required. */
function body(properties: Record<string, object>) {
  const required = Object.keys(properties);
  return { type: "object", additionalProperties: false, required, properties };
}

/** The JSON schema of a path with one parameter. */
function params(name: string, schema: object) {
  return { type: "object", properties: { [name]: schema } };
}

interface Named {
  Params: { name: string };
}

/** Adds `/metrics` and `/api`, which `/api/openapi.json` describes. */
export function addApi(server: FastifyInstance, app: LiveApp, viewers: Viewers): void {
  // The type may have parameters, as in `image/jpeg; charset=binary`.
  const images = /^\s*(image\/[\w.+-]+|application\/octet-stream)\s*(;|$)/i;
  server.addContentTypeParser(images, { parseAs: "buffer" }, (_request, content, done) =>
    done(null, content),
  );
  server.get(
    "/metrics",
    { schema: { summary: "Metrics in the text format of Prometheus." } },
    (_request, reply) =>
      reply
        .type("text/plain; version=0.0.4")
        .send(app.engine.meter.expose(viewers.count, app.store.people.size)),
  );
  server.get("/api/openapi.json", { schema: { hide: true } }, () => server.swagger());
  server.get(
    "/api/status",
    { schema: { summary: "State of the source, and the result of the last frame." } },
    () => ({
      ...app.status,
      ...app.header,
      latest: app.engine.latest?.result ?? null,
    }),
  );
  server.get(
    "/api/card",
    { schema: { summary: "Model card, in Markdown." } },
    async (_request, reply) => {
      if (app.card === undefined) throw new MienError("missing-file", "this model has no card");
      return reply.type("text/plain; charset=utf-8").send(await readFile(app.card, "utf8"));
    },
  );
  server.post(
    "/api/analyze",
    {
      schema: {
        summary:
          "Find the faces in the image in the body and read their expressions; nothing is stored.",
        consumes: ["image/jpeg", "image/png", "application/octet-stream"],
      },
    },
    async (request) => {
      if (!Buffer.isBuffer(request.body)) throw new MienError("usage", "the body must be an image");
      return app.analyze(await decodeUpload(request.body));
    },
  );
  server.get<{ Params: { track: number } }>(
    "/api/faces/:track/input.png",
    {
      schema: {
        summary: "The input of the expression model for a face of the last frame.",
        params: params("track", { type: "integer" }),
      },
    },
    async ({ params: { track } }, reply) => {
      const { latest } = app.engine;
      const png = latest && (await faceInput(latest, track, app.input));
      if (!png) throw new MienError("missing-file", "the last frame does not contain this face");
      return reply.type("image/png").send(png);
    },
  );
  server.put<{ Body: { recording: boolean } }>(
    "/api/session",
    {
      schema: {
        summary: "Start or stop recording results in a folder; no picture is stored.",
        body: body({ recording: { type: "boolean" } }),
      },
    },
    async (request) => ({ folder: await app.record(request.body.recording) }),
  );
  addSessions(server, app);
  addFiles(server, app);
  addPersonPictures(server, app);
  addSettings(server, app);
  addEnrolment(server, app);
  addPeople(server, app);
}

function addSettings(server: FastifyInstance, app: LiveApp): void {
  server.get(
    "/api/settings",
    { schema: { summary: "The settings that all pages share, with their values." } },
    () => app.settings(),
  );
  server.put<{ Body: Record<string, SettingValue | null> }>(
    "/api/settings",
    {
      // Otherwise a text such as "0.5" would be read as a number, and null as an empty text.
      validatorCompiler: () => () => true,
      schema: {
        summary: "Change settings: values by name, null for the default.",
        body: {
          type: "object",
          additionalProperties: { type: ["string", "number", "boolean", "null"] },
        },
      },
    },
    async ({ body }) => {
      if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw new MienError("usage", "the body must be an object of settings");
      }
      await app.configure(body);
      return app.settings();
    },
  );
}

function addEnrolment(server: FastifyInstance, app: LiveApp): void {
  server.get<{ Querystring: { name: string; keepDays: number } }>(
    "/api/consent",
    {
      schema: {
        summary: "The text that a person consents to.",
        querystring: { type: "object", properties: { name: NAME, keepDays: DAYS } },
      },
    },
    ({ query: { name, keepDays } }) => ({
      text: consentText(checkPersonName(name), app.store.folder, keepDays),
    }),
  );
  server.get(
    "/api/enrolment",
    { schema: { summary: "State of the current enrolment." } },
    () => app.enrolment.state,
  );
  server.post<{ Body: ConsentedRequest }>(
    "/api/enrolment",
    {
      schema: {
        summary: "Start to take pictures of a person who has consented.",
        body: body({
          name: NAME,
          count: { type: "integer", minimum: 1, maximum: MAX_PICTURES },
          keepDays: DAYS,
          consent: { type: "boolean" },
        }),
      },
    },
    (request) => {
      app.enrolment.start(request.body);
      return app.enrolment.state;
    },
  );
  server.post<{ Params: { step: string } }>(
    "/api/enrolment/:step",
    {
      schema: {
        summary:
          "next: go on to the next pose; finish: stop taking pictures; save: store them and recognise the person; discard: delete them.",
        params: params("step", { type: "string", enum: ["next", "finish", "save", "discard"] }),
      },
    },
    async ({ params: { step } }) => {
      if (step === "next") app.enrolment.nextPose();
      else if (step === "finish") await app.enrolment.finish();
      else if (step === "save") await app.saveEnrolment();
      else app.enrolment.discard();
      return app.enrolment.state;
    },
  );
  server.get<{ Params: { index: number } }>(
    "/api/enrolment/pictures/:index",
    {
      schema: {
        summary: "A picture of the enrolment.",
        params: params("index", { type: "integer", minimum: 0 }),
      },
    },
    ({ params: { index } }, reply) => {
      const jpeg = app.enrolment.session.picture(index);
      if (jpeg === undefined) throw new MienError("missing-file", `there is no picture ${index}`);
      return reply.type("image/jpeg").send(Buffer.from(jpeg));
    },
  );
  server.put<{ Params: { index: number }; Body: { kept: boolean } }>(
    "/api/enrolment/pictures/:index",
    {
      schema: {
        summary: "Mark a picture of the enrolment as deleted, or as kept.",
        params: params("index", { type: "integer", minimum: 0 }),
        body: body({ kept: { type: "boolean" } }),
      },
    },
    async ({ params: { index }, body: { kept } }) => {
      await app.enrolment.keepPicture(index, kept);
      return app.enrolment.state;
    },
  );
}

function addPeople(server: FastifyInstance, app: LiveApp): void {
  const name = params("name", NAME);
  server.get(
    "/api/people",
    { schema: { summary: "The enrolled people, and the estimated error rates of recognition." } },
    () => app.store.summary(),
  );
  server.delete<Named>(
    "/api/people/:name",
    {
      schema: {
        summary: "Delete a person and everything that is stored about them.",
        params: name,
      },
    },
    async ({ params: { name } }) => {
      const erased = await app.deletePerson(name);
      if (!erased.found) throw new MienError("missing-file", `nobody called "${name}" is enrolled`);
      const { files, unanswered } = erased;
      return { ...(await app.store.summary()), erased: files, unanswered };
    },
  );
  server.post<Named & { Body: { to: string } }>(
    "/api/people/:name/rename",
    { schema: { summary: "Rename a person.", params: name, body: body({ to: NAME }) } },
    async ({ params: { name }, body: { to } }) => {
      await app.renamePerson(name, to);
      return app.store.summary();
    },
  );
  server.post<Named & { Body: { into: string } }>(
    "/api/people/:name/merge",
    {
      schema: {
        summary: "Merge two entries of the same person.",
        params: name,
        body: body({ into: NAME }),
      },
    },
    async ({ params: { name }, body: { into } }) => {
      await app.mergePeople(name, into);
      return app.store.summary();
    },
  );
  server.get<Named>(
    "/api/people/:name/export.zip",
    {
      schema: { summary: "Everything that is stored about a person, as a zip file.", params: name },
    },
    async ({ params: { name } }, reply) => {
      const zip = await app.store.export(name);
      return reply
        .type("application/zip")
        .header("Content-Disposition", `attachment; filename="person.zip"`)
        .send(Buffer.from(zip));
    },
  );
}
