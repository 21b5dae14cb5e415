import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Who may use a server. */
export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** The token that every request needs; undefined if only this machine can reach the server. */
  readonly token: string | undefined;
  /** A token that allows viewing only; undefined if there is none. */
  readonly viewToken?: string | undefined;
  /** Names besides its own address that the server may be called by, for example behind a proxy. */
  readonly allowedHosts?: readonly string[];
  /** Origins of other sites whose pages may use the server, as in `https://example.org`. */
  readonly allowedOrigins?: readonly string[];
  /** Whether the server itself encrypts connections. Default false. */
  readonly isEncrypted?: boolean;
}

const COOKIE = "mien-token";
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** The addresses, besides the files of the page, that a view-only token may read. */
const VIEWABLE = /^\/(ws|metrics|api\/(status|card|openapi\.json|faces\/[^/]+\/input\.png))$/;

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

/** The requests whose token allows viewing only. */
const viewers = new WeakSet<FastifyRequest>();

/** Whether the token of a request allows viewing only. */
export function isViewOnly(request: FastifyRequest): boolean {
  return viewers.has(request);
}

/**
 * A hook that checks every request, also those that open a WebSocket. It refuses a foreign `Host`
 * (DNS rebinding) and a foreign `Origin` (the page of another site). If there is a token,
 * `/?token=…` stores it in a cookie; programs send `Authorization: Bearer …`.
 *
 * @param files the paths of the page's files, which a view-only token may read.
 */
export function guard(options: GuardOptions, files: ReadonlySet<string>) {
  const { host, token, viewToken, allowedHosts = [], allowedOrigins = [] } = options;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    reply.headers(HEADERS);
    const asked = request.headers.host ?? "";
    if (!isOwnHost(asked, host, allowedHosts))
      return refuse(reply, 403, "the Host header is not an address of this server");
    const { origin } = request.headers;
    const isAllowed = origin !== undefined && allowedOrigins.includes(origin);
    if (isAllowed) {
      reply.headers({
        "Access-Control-Allow-Origin": origin,
        "Cross-Origin-Resource-Policy": "cross-origin",
        Vary: "Origin",
      });
      if (request.method === "OPTIONS") {
        return reply.code(204).headers(PREFLIGHT).send();
      }
    } else {
      if (origin !== undefined && !isOwnOrigin(origin, asked, options)) {
        return refuse(reply, 403, "pages of this Origin may not use the server");
      }
      const site = request.headers["sec-fetch-site"];
      if (site === "cross-site" || (site === "same-site" && request.method !== "GET")) {
        return refuse(reply, 403, "pages of other sites may not use the server");
      }
    }
    if (token === undefined) return undefined;
    const roleOf = (given: string | undefined) => {
      if (given === undefined) return undefined;
      if (isToken(given, token)) return "all";
      return viewToken !== undefined && isToken(given, viewToken) ? "view" : undefined;
    };
    const inQuery = queryToken(request.query);
    const queryRole = request.method === "GET" ? roleOf(inQuery) : undefined;
    if (queryRole !== undefined) {
      const secure = options.isEncrypted ? "; Secure" : "";
      reply.header(
        "Set-Cookie",
        `${COOKIE}=${inQuery}; HttpOnly; SameSite=Strict; Path=/${secure}`,
      );
      if (request.headers.upgrade === undefined) return reply.redirect(withoutToken(request.url));
    }
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const cookie = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? "")?.[1];
    const role = queryRole ?? roleOf(bearer ?? cookie);
    if (role === undefined) {
      return refuse(
        reply,
        401,
        "the token is missing or wrong; open the address that mien printed",
      );
    }
    if (role === "all") return undefined;
    const place = request.url.split("?")[0] ?? "/";
    if (request.method !== "GET" || !(files.has(place) || VIEWABLE.test(place))) {
      return refuse(reply, 403, "this token only allows viewing");
    }
    viewers.add(request);
    return undefined;
  };
}

/** What pages of allowed origins may send. */
const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
  "Access-Control-Allow-Headers": "Authorization, Content-Type",
};

function queryToken(query: unknown): string | undefined {
  if (typeof query !== "object" || query === null || !("token" in query)) return undefined;
  return typeof query.token === "string" ? query.token : undefined;
}

/** An address without its token, relative to itself: a proxy may serve it below another path. */
function withoutToken(address: string): string {
  const [place = "/", query = ""] = address.split("?");
  const rest = new URLSearchParams(query);
  rest.delete("token");
  const kept = rest.size > 0 ? `?${rest.toString()}` : "";
  return `./${place.split("/").at(-1) ?? ""}${kept}`;
}

/**
 * Whether a `Host` header is an address of this server. Other names are refused, because their owner
 * could make them point to this machine.
 */
function isOwnHost(asked: string, host: string, allowed: readonly string[]): boolean {
  const name = nameOf(asked);
  if (LOOPBACK.includes(name)) return true;
  if (allowed.some((one) => one.toLowerCase() === name)) return true;
  if (isLoopback(host)) return false;
  return name === host.toLowerCase() || isIP(name) !== 0;
}

/** The name in a `Host` header, without the port. */
function nameOf(asked: string): string {
  return asked
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
}

/**
 * Whether an origin is the page of this server: the origin has the host and the scheme of the
 * request. Behind a proxy that encrypts, pages have the scheme https, and the server does not.
 */
function isOwnOrigin(origin: string, asked: string, options: GuardOptions): boolean {
  if (origin === `${options.isEncrypted ? "https" : "http"}://${asked}`) return true;
  const isProxied = options.allowedHosts?.some((one) => one.toLowerCase() === nameOf(asked));
  return isProxied === true && origin === `https://${asked}`;
}

/** Compares in constant time, so that the time does not reveal how much of the token is right. */
function isToken(given: string, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}

function refuse(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(code).send({ error: { code: "refused", message } });
}
