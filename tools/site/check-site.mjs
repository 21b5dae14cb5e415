import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Addresses in HTML that the browser follows or loads. */
const ADDRESS = /\s(?:href|src)="([^"]+)"/g;
const LOADED = /<(?:script|img|link)\b[^>]*\s(?:src|href)="(\w+:[^"]*)"/g;
const ID = /\sid="([^"]+)"/g;
const ORIGIN = "http://site.invalid/";

/**
 * Checks that a built site is whole and needs no other server: each link leads to a page of it and a
 * heading in that page, and nothing is loaded from elsewhere. Links that a reader may click can lead
 * anywhere.
 *
 * @param {string} site the folder.
 * @returns {string[]} a sentence for each fault.
 */
export function checkSite(site) {
  const files = readdirSync(site, { recursive: true, encoding: "utf8" }).map((name) =>
    name.replaceAll("\\", "/"),
  );
  /** @type {Map<string, string>} */
  const pages = new Map();
  for (const name of files.filter((one) => one.endsWith(".html"))) {
    pages.set(name, readFileSync(path.join(site, name), "utf8"));
  }
  const ids = new Map(Array.from(pages, ([name, html]) => [name, new Set(findAll(html, ID))]));
  return Array.from(pages).flatMap(([name, html]) => {
    const loaded = findAll(html, LOADED).filter((address) => !address.startsWith("data:"));
    const broken = findAll(html, ADDRESS).flatMap((address) => {
      const { href, pathname, hash } = new URL(address, ORIGIN + name);
      if (!href.startsWith(ORIGIN)) return [];
      const to = decodeURIComponent(pathname.slice(1));
      const file = [to, `${to}.html`, path.posix.join(to, "index.html")].find(
        (one) => files.includes(one) && path.posix.extname(one) !== "",
      );
      if (file === undefined) return [`${name} links to ${address}, which is missing`];
      const heading = decodeURIComponent(hash.slice(1));
      if (heading === "" || (ids.get(file)?.has(heading) ?? true)) return [];
      return [`${name} links to ${address}, but ${file} has no such heading`];
    });
    return [
      ...loaded.map((address) => `${name} loads ${address} from elsewhere`),
      ...new Set(broken),
    ];
  });
}

/**
 * @param {string} html
 * @param {RegExp} pattern with one group.
 */
function findAll(html, pattern) {
  return Array.from(html.matchAll(pattern), ([, found = ""]) =>
    found
      .replaceAll("&quot;", '"')
      .replaceAll("&#39;", "'")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&"),
  );
}
