import { LONGEST_NAME } from "@mien/format";
import type { PersonPictures } from "@mien/web";
import type { FastifyInstance } from "fastify";
import type { LiveApp } from "../live/live-app.ts";

const PARAMS = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: LONGEST_NAME },
    file: { type: "string", maxLength: 100 },
  },
} as const;

interface OfPicture {
  Params: { name: string; file: string };
}

/** Adds the addresses of the stored pictures of people: list, picture and deletion. */
export function addPersonPictures(server: FastifyInstance, app: LiveApp): void {
  const list = async (name: string): Promise<PersonPictures> => {
    return { files: await app.store.pictures(name) };
  };
  server.get<{ Params: { name: string } }>(
    "/api/people/:name/pictures",
    { schema: { summary: "The stored pictures of a person.", params: PARAMS } },
    ({ params: { name } }) => list(name),
  );
  server.get<OfPicture>(
    "/api/people/:name/pictures/:file",
    { schema: { summary: "A stored picture of a person.", params: PARAMS } },
    async ({ params: { name, file } }, reply) =>
      reply.type("image/jpeg").send(await app.store.picture(name, file)),
  );
  server.delete<OfPicture>(
    "/api/people/:name/pictures/:file",
    { schema: { summary: "Delete one picture of a person.", params: PARAMS } },
    async ({ params: { name, file } }) => {
      await app.store.removePicture(name, file);
      return list(name);
    },
  );
}
