import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What a server lets in. */
export interface GuardOptions {
  /** The address that it listens on. */
  readonly host: string;
  /** Needed by everybody, unless the server is reached from this machine only. */
  readonly token: string | undefined;
}

const COOKIE = "mien-token";
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Whether only this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host);
}

/** No page may load, send or be embedded elsewhere. */
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
    "connect-src 'self'; font-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
  "Cache-Control": "no-store",
};

/**
 * Runs before every request, also those that open a WebSocket. A foreign `Host` is DNS rebinding, a
 * foreign `Origin` another site's page; neither gets in. With a token, `/?token=…` leaves it in a
 * cookie; programs send `Authorization: Bearer …`.
 */
export function guard({ host, token }: GuardOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    reply.headers(HEADERS);
    const asked = request.headers.host ?? "";
    if (!isKnownHost(asked, host)) return refuse(reply, 403, "this Host is not served here");
    const { origin } = request.headers;
    if (origin !== undefined && origin !== `http://${asked}`) {
      return refuse(reply, 403, "this Origin may not use the server");
    }
    const site = request.headers["sec-fetch-site"];
    if (site === "cross-site" || (site === "same-site" && request.method !== "GET")) {
      return refuse(reply, 403, "another site's page may not use the server");
    }
    if (token === undefined) return undefined;
    const { token: given } = request.query as { token?: unknown };
    if (request.method === "GET" && typeof given === "string" && isToken(given, token)) {
      reply.header("Set-Cookie", `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/`);
      if (request.headers.upgrade === undefined)
        return reply.redirect(request.url.split("?")[0] ?? "/");
      return undefined;
    }
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const cookie = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1];
    if (isToken(bearer ?? cookie ?? "", token)) return undefined;
    return refuse(reply, 401, "the token is missing or wrong; open the address that mien printed");
  };
}

/** A name could be rebound to this machine by its owner; an address cannot. */
function isKnownHost(asked: string, host: string): boolean {
  const name = asked
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  if (LOOPBACK.includes(name)) return true;
  if (isLoopback(host)) return false;
  return name === host.toLowerCase() || isIP(name) !== 0;
}

/** In a time that does not tell how much of it is right. */
function isToken(given: string, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}

function refuse(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(code).send({ error: { code: "refused", message } });
}
