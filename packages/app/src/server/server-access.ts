import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { MienError, messageOf } from "@mien/format";
import type { ServerOptions } from "./create-server.ts";
import { isLoopback } from "./guard.ts";

/** The flags that decide who may use the server. */
export interface AccessFlags {
  readonly host: string;
  readonly allowHost: string | undefined;
  readonly allowOrigin: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly kioskStyle: string | undefined;
}

/** Text that can stand in a cookie and in an address, and cannot be guessed. */
const TOKEN = /^[\w.~-]{16,200}$/;

/**
 * Who may use the server. A token is needed if other machines can reach it: with another address than
 * that of this machine, with further names, or with other sites. Otherwise there is one only if the
 * environment variable `MIEN_TOKEN` sets it.
 *
 * @throws {MienError} `usage` for a malformed token, name or origin, or a certificate without its key;
 * `missing-file` for a file that cannot be read; `bad-data` for a file that is no certificate or key.
 */
export async function serverAccess(flags: AccessFlags): Promise<ServerOptions> {
  const { host, cert, key, kioskStyle } = flags;
  const allowedHosts = list(flags.allowHost);
  const allowedOrigins = list(flags.allowOrigin);
  for (const name of allowedHosts) {
    if (!/^[\w.-]+$/.test(name)) {
      throw new MienError("usage", `--allow-host: "${name}" is no name of a host`, {
        advice: "Write the name without scheme and port, as in faces.example.org.",
      });
    }
  }
  for (const origin of allowedOrigins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new MienError("usage", `--allow-origin: "${origin}" is no origin`, {
        advice:
          "Write scheme, host and port only, as in https://example.org or http://10.0.0.7:8080.",
      });
    }
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new MienError("usage", "--cert and --key must be given together");
  }
  const isReachable = !isLoopback(host) || allowedHosts.length > 0 || allowedOrigins.length > 0;
  const newToken = () => (isReachable ? randomBytes(16).toString("base64url") : undefined);
  const token = tokenIn("MIEN_TOKEN") ?? newToken();
  const viewToken = tokenIn("MIEN_VIEW_TOKEN") ?? newToken();
  if (viewToken !== undefined && token === undefined) {
    throw new MienError("usage", "MIEN_VIEW_TOKEN needs MIEN_TOKEN");
  }
  if (viewToken !== undefined && viewToken === token) {
    throw new MienError("usage", "MIEN_VIEW_TOKEN and MIEN_TOKEN must differ");
  }
  const style = kioskStyle;
  if (style !== undefined) await read(style);
  return {
    host,
    token,
    viewToken,
    allowedHosts,
    allowedOrigins,
    tls: cert === undefined || key === undefined ? undefined : await readTls(cert, key),
    kioskStyle: style === undefined ? undefined : () => read(style),
  };
}

function list(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function tokenIn(name: string): string | undefined {
  const token = process.env[name];
  if (token === undefined || token === "") return undefined;
  if (TOKEN.test(token)) return token;
  throw new MienError("usage", `${name} must have 16 to 200 letters, digits or signs of "._~-"`, {
    advice: "Make one with `openssl rand -hex 16`.",
  });
}

async function readTls(certFile: string, keyFile: string) {
  const tls = { cert: await read(certFile), key: await read(keyFile) };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new MienError(
      "bad-data",
      `${certFile} and ${keyFile} are no certificate in PEM and its key: ${messageOf(error)}`,
    );
  }
  return tls;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`);
  }
}
