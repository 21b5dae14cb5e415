import { MienError, messageOf } from "@mien/format";
import type { DownloadOptions } from "./download-options.ts";
import type { ModelBytes } from "./ort.ts";

const CACHE = "mien-models";
/** Headers that change with the content of a file. */
const VERSION_HEADERS = ["ETag", "Last-Modified", "Content-Length"];

/**
 * Downloads a model, or takes it from the cache.
 *
 * @throws {MienError} `missing-file` if the server cannot be reached or responds with an error, and
 * the model is not in the cache.
 */
export async function fetchModel(
  address: string | URL,
  { onDownload, modelCache = CACHE }: DownloadOptions = {},
): Promise<ModelBytes> {
  const name = String(address);
  const cache = await openCache(modelCache);
  const kept = await cache?.match(name);
  const isCurrent = kept !== undefined && (await isUnchanged(kept, name));
  const response = isCurrent ? kept : await reached(name, fetch(name));
  const { headers } = response;
  const bytes = await readBody(response, { name, onDownload });
  // A full disk is no reason to fail: the model is then downloaded again the next time.
  if (!isCurrent) await cache?.put(name, new Response(bytes, { headers })).catch(() => undefined);
  return { bytes, name };
}

/** @returns the cache; undefined where there is none, as in Node, or where it is not wanted. */
async function openCache(name: string | false): Promise<Cache | undefined> {
  if (name === false || typeof caches === "undefined") return undefined;
  // A browser may forbid a page to store anything.
  return caches.open(name).catch(() => undefined);
}

/**
 * Whether the server still has the model that was kept: also true if it does not answer, and false if
 * it does not say.
 */
async function isUnchanged(kept: Response, address: string): Promise<boolean> {
  const now = await fetch(address, { method: "HEAD" }).catch(() => undefined);
  if (now?.ok !== true) return true;
  const known = VERSION_HEADERS.map(
    (name) => [kept.headers.get(name), now.headers.get(name)] as const,
  );
  const comparable = known.filter(([before, after]) => before !== null && after !== null);
  return comparable.length > 0 && comparable.every(([before, after]) => before === after);
}

async function readBody(
  response: Response,
  { name, onDownload }: { readonly name: string } & Pick<DownloadOptions, "onDownload">,
): Promise<Uint8Array<ArrayBuffer>> {
  if (onDownload === undefined || response.body === null) {
    return new Uint8Array(await reached(name, response.arrayBuffer()));
  }
  const { headers } = response;
  // The length of a compressed download is not that of the model.
  const size = headers.has("Content-Encoding") ? 0 : Number(headers.get("Content-Length"));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reached(name, reader.read());
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    onDownload({ address: name, loaded, total: loaded <= size ? size : null });
  }
  if (loaded !== size) onDownload({ address: name, loaded, total: loaded });
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** @throws {MienError} `missing-file` if the network fails or the server responds with an error. */
async function reached<T>(name: string, step: Promise<T>): Promise<T> {
  try {
    const value = await step;
    if (value instanceof Response && !value.ok) {
      throw new Error(`HTTP ${value.status} ${value.statusText}`.trim());
    }
    return value;
  } catch (error) {
    throw new MienError("missing-file", `cannot fetch the model ${name}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
