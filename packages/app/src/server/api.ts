import { readFile } from "node:fs/promises";
import { checkPersonName, LONGEST_NAME, MienError } from "@mien/format";
import type { FastifyInstance } from "fastify";
import type { ConsentedRequest, LiveApp } from "../live/live-app.ts";
import { consentText, KEEP_DAYS, MAX_KEEP_DAYS } from "../people/retention.ts";
import { MAX_PICTURES } from "../acquire/enrolment-session.ts";
import { faceInput } from "./face-input.ts";
import { decodeUpload } from "./still-image.ts";
import type { Viewers } from "./viewers.ts";

const NAME = { type: "string", minLength: 1, maxLength: LONGEST_NAME } as const;
const DAYS = { type: "integer", minimum: 1, maximum: MAX_KEEP_DAYS, default: KEEP_DAYS } as const;

function body(properties: Record<string, object>, required = Object.keys(properties)) {
  return { type: "object", additionalProperties: false, required, properties };
}
function params(name: string, schema: object) {
  return { type: "object", properties: { [name]: schema } };
}

interface Named {
  Params: { name: string };
}

/** `/api`, described by itself at `/api/openapi.json`, and `/metrics`. */
export function addApi(server: FastifyInstance, app: LiveApp, viewers: Viewers): void {
  // With or without parameters, as in `image/jpeg; charset=binary`.
  const images = /^\s*(image\/[\w.+-]+|application\/octet-stream)\s*(;|$)/i;
  server.addContentTypeParser(images, { parseAs: "buffer" }, (_request, content, done) =>
    done(null, content),
  );
  server.get("/metrics", { schema: { summary: "Figures for Prometheus." } }, (_request, reply) =>
    reply
      .type("text/plain; version=0.0.4")
      .send(app.engine.meter.expose(viewers.count, app.store.people.size)),
  );
  server.get("/api/openapi.json", { schema: { hide: true } }, () => server.swagger());
  server.get(
    "/api/status",
    { schema: { summary: "How the source is, and its last result." } },
    () => ({
      ...app.status,
      ...app.header,
      latest: app.engine.latest?.result ?? null,
    }),
  );
  server.get("/api/card", { schema: { summary: "The model's card." } }, async (_request, reply) => {
    if (app.card === undefined) throw new MienError("missing-file", "this model has no card");
    return reply.type("text/plain; charset=utf-8").send(await readFile(app.card, "utf8"));
  });
  server.post(
    "/api/analyze",
    {
      schema: {
        summary: "Reads the faces in an image, which is the body; nothing is stored.",
        consumes: ["image/jpeg", "image/png", "application/octet-stream"],
      },
    },
    async (request) => {
      if (!Buffer.isBuffer(request.body)) throw new MienError("usage", "send an image as the body");
      return app.analyze(await decodeUpload(request.body));
    },
  );
  server.get<{ Params: { track: number } }>(
    "/api/faces/:track/input.png",
    {
      schema: {
        summary: "What the model sees of a face.",
        params: params("track", { type: "integer" }),
      },
    },
    async ({ params: { track } }, reply) => {
      const { latest } = app.engine;
      const png = latest && (await faceInput(latest, track, app.input));
      if (!png) throw new MienError("missing-file", "this face is not seen now");
      return reply.type("image/png").send(png);
    },
  );
  server.put<{ Body: { recording: boolean } }>(
    "/api/session",
    {
      schema: {
        summary: "Starts or stops to write results into a folder; no picture is stored.",
        body: body({ recording: { type: "boolean" } }),
      },
    },
    async (request) => ({ folder: await app.record(request.body.recording) }),
  );
  addEnrolment(server, app);
  addPeople(server, app);
}

function addEnrolment(server: FastifyInstance, app: LiveApp): void {
  server.get<{ Querystring: { name: string; keepDays: number } }>(
    "/api/consent",
    {
      schema: {
        summary: "What a person agrees to.",
        querystring: { type: "object", properties: { name: NAME, keepDays: DAYS } },
      },
    },
    ({ query: { name, keepDays } }) => ({
      text: consentText(checkPersonName(name), app.store.folder, keepDays),
    }),
  );
  server.get(
    "/api/enrolment",
    { schema: { summary: "How far an enrolment is." } },
    () => app.enrolment,
  );
  server.post<{ Body: ConsentedRequest }>(
    "/api/enrolment",
    {
      schema: {
        summary: "Begins to take pictures of a person who has agreed.",
        body: body({
          name: NAME,
          count: { type: "integer", minimum: 1, maximum: MAX_PICTURES },
          keepDays: DAYS,
          consent: { type: "boolean" },
        }),
      },
    },
    (request) => {
      app.enrol(request.body);
      return app.enrolment;
    },
  );
  server.post<{ Params: { step: string } }>(
    "/api/enrolment/:step",
    {
      schema: {
        summary: "finish: no more pictures; save: store and recognise; discard: forget them.",
        params: params("step", { type: "string", enum: ["finish", "save", "discard"] }),
      },
    },
    async ({ params: { step } }) => {
      if (step === "finish") await app.finishEnrolment();
      else if (step === "save") await app.saveEnrolment();
      else app.discardEnrolment();
      return app.enrolment;
    },
  );
  server.get<{ Params: { index: number } }>(
    "/api/enrolment/pictures/:index",
    { schema: { summary: "A picture.", params: params("index", { type: "integer", minimum: 0 }) } },
    ({ params: { index } }, reply) => {
      const jpeg = app.session.picture(index);
      if (jpeg === undefined) throw new MienError("missing-file", "there is no such picture");
      return reply.type("image/jpeg").send(Buffer.from(jpeg));
    },
  );
  server.put<{ Params: { index: number }; Body: { kept: boolean } }>(
    "/api/enrolment/pictures/:index",
    {
      schema: {
        summary: "Deletes a picture, or takes that back.",
        params: params("index", { type: "integer", minimum: 0 }),
        body: body({ kept: { type: "boolean" } }),
      },
    },
    async ({ params: { index }, body: { kept } }) => {
      await app.keepPicture(index, kept);
      return app.enrolment;
    },
  );
}

function addPeople(server: FastifyInstance, app: LiveApp): void {
  const name = params("name", NAME);
  server.get("/api/people", { schema: { summary: "Who is enrolled." } }, () => app.store.summary());
  server.delete<Named>(
    "/api/people/:name",
    { schema: { summary: "Deletes a person and everything about them.", params: name } },
    async ({ params: { name } }) => {
      const erased = await app.deletePerson(name);
      if (!erased.found) throw new MienError("missing-file", "there is nobody of that name");
      return { ...(await app.store.summary()), erased: erased.files };
    },
  );
  server.post<Named & { Body: { to: string } }>(
    "/api/people/:name/rename",
    { schema: { summary: "Gives a person another name.", params: name, body: body({ to: NAME }) } },
    async ({ params: { name }, body: { to } }) => {
      await app.renamePerson(name, to);
      return app.store.summary();
    },
  );
  server.post<Named & { Body: { into: string } }>(
    "/api/people/:name/merge",
    {
      schema: {
        summary: "Makes two entries of one person one.",
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
    { schema: { summary: "Everything that is stored of a person.", params: name } },
    async ({ params: { name } }, reply) => {
      const zip = await app.store.export(name);
      return reply
        .type("application/zip")
        .header("Content-Disposition", `attachment; filename="person.zip"`)
        .send(Buffer.from(zip));
    },
  );
}
