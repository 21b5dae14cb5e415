import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Who may use a server. */
export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** The token that every request needs; undefined if only this machine can reach the server. */
  readonly token: string | undefined;
}

const COOKIE = "mien-token";
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Whether only this machine can reach a server that listens on this address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host);
}

/** The page loads nothing from other sites, sends nothing to them, and cannot be embedded in them. */
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
 * A hook that checks every request, also those that open a WebSocket. It refuses a foreign `Host`
 * (DNS rebinding) and a foreign `Origin` (the page of another site). If there is a token,
 * `/?token=…` stores it in a cookie; programs send `Authorization: Bearer …`.
 */
export function guard({ host, token }: GuardOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    reply.headers(HEADERS);
    const asked = request.headers.host ?? "";
    if (!isOwnHost(asked, host))
      return refuse(reply, 403, "the Host header is not an address of this server");
    const { origin } = request.headers;
    if (origin !== undefined && origin !== `http://${asked}`) {
      return refuse(reply, 403, "pages of this Origin may not use the server");
    }
    const site = request.headers["sec-fetch-site"];
    if (site === "cross-site" || (site === "same-site" && request.method !== "GET")) {
      return refuse(reply, 403, "pages of other sites may not use the server");
    }
    if (token === undefined) return undefined;
    const given = queryToken(request.query);
    if (request.method === "GET" && given !== undefined && isToken(given, token)) {
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

function queryToken(query: unknown): string | undefined {
  if (typeof query !== "object" || query === null || !("token" in query)) return undefined;
  return typeof query.token === "string" ? query.token : undefined;
}

/**
 * Whether a `Host` header is an address of this server. Other names are refused, because their owner
 * could make them point to this machine.
 */
function isOwnHost(asked: string, host: string): boolean {
  const name = asked
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  if (LOOPBACK.includes(name)) return true;
  if (isLoopback(host)) return false;
  return name === host.toLowerCase() || isIP(name) !== 0;
}

/** Compares in constant time, so that the time does not reveal how much of the token is right. */
function isToken(given: string, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}

function refuse(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(code).send({ error: { code: "refused", message } });
}
