import { existsSync } from "node:fs";
import path from "node:path";
import GitHubSlugger from "github-slugger";
import { marked } from "marked";
import { filesBelow, isForTests, readText } from "./files.mjs";

/** The path of a file or folder of the repository, from the root, anywhere in a text. */
const PATH = /(?<![\w/.@-])(?:docs|packages|tools)\/[\w./-]*[\w/]/g;

/**
 * Checks the links of the Markdown documents that stay in the repository: each must lead to a file
 * or folder, its fragment to a heading. Nothing is fetched.
 *
 * @param {string} root
 * @returns {string[]} a sentence for each link that leads nowhere.
 */
export function findBrokenLinks(root) {
  const documents = filesBelow(root, ["."]).filter(
    (file) => file.endsWith(".md") && !file.startsWith("artifacts/"),
  );
  /** @type {Map<string, Page>} */
  const pages = new Map(documents.map((file) => [file, readPage(readText(root, file))]));
  return [...pages].flatMap(([file, { links }]) =>
    links.flatMap((link) => {
      if (/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(link)) return [];
      const [target = "", fragment] = link.split("#").map(decodeURIComponent);
      const to = target === "" ? file : path.posix.join(path.posix.dirname(file), target);
      if (!existsSync(path.join(root, to))) return [`${file} links to ${link}, which is missing`];
      const isFound = fragment === undefined || (pages.get(to)?.anchors.has(fragment) ?? true);
      return isFound ? [] : [`${file} links to ${link}, but ${to} has no such heading`];
    }),
  );
}

/**
 * Checks the paths in documents, code and settings, such as `tools/test.mjs` and `docs/`. Not
 * checked are built files, the placeholder NAME, tests, which use files of their own, and the table
 * of commands in tools/outputs, which also contains paths of earlier versions.
 *
 * @param {string} root
 * @returns {string[]} a sentence for each path that is missing.
 */
export function findMissingPaths(root) {
  return filesBelow(root, ["."])
    .filter((file) => /\.(?:[cm]?[jt]sx?|json|md|py)$/.test(file) && !isForTests(file))
    .filter(
      (file) => !/^(?:artifacts\/|tools\/outputs\/commands\.mjs$|package-lock\.json$)/.test(file),
    )
    .flatMap((file) =>
      readText(root, file)
        .split("\n")
        .flatMap((line, i) =>
          [...line.matchAll(PATH)]
            .filter(([name]) => !/\/dist\b|\bNAME\b/.test(name))
            .filter(([name]) => !existsSync(path.join(root, name)))
            .map(([name]) => `${file}:${i + 1} names ${name}, which is missing`),
        ),
    );
}

/**
 * @typedef {object} Page
 * @property {string[]} links
 * @property {Set<string>} anchors what a fragment may name
 */

/**
 * @param {string} text
 * @returns {Page}
 */
function readPage(text) {
  /** @type {Page} */
  const page = { links: [], anchors: new Set() };
  const slugger = new GitHubSlugger();
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === "link" || token.type === "image") page.links.push(token.href);
    if (token.type === "heading") page.anchors.add(slugger.slug(plainText(token.tokens ?? [])));
    if (token.type !== "html") return;
    for (const [, name, value = ""] of token.raw.matchAll(/\b(href|src|id|name)="([^"]*)"/g)) {
      if (name === "href" || name === "src") page.links.push(value);
      else page.anchors.add(value);
    }
  });
  return page;
}

/**
 * @param {readonly import("marked").Token[]} tokens
 * @returns {string}
 */
function plainText(tokens) {
  return tokens
    .map((token) => ("tokens" in token && token.tokens ? plainText(token.tokens) : token.raw))
    .map((part) => part.replaceAll("`", ""))
    .join("");
}
