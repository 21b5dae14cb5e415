import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { differences, findListings, listingText, replaceListings } from "./document.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const COMMENT = "<!-- listing x; cost: quick; varies: VARIES; command: npx nx run a:b -->\n\n";

function listing(text: string, { varies = "nothing", extra = "" } = {}) {
  const comment = COMMENT.replace("VARIES", varies + extra);
  const [found] = findListings(`# Title\n\n${comment}\`\`\`\n${text}\n\`\`\`\n`);
  return found!;
}

describe("a listing", () => {
  it("is found with its command, and replaced where it stands", () => {
    const block = (text: string) => `\`\`\`\n${text}\n\`\`\`\n`;
    const document = `\`\`\`sh\nls\n\`\`\`\n\nText\n\n${COMMENT.replace("VARIES", "times")}${block("old\nlines")}\nend\n`;
    const [found, ...others] = findListings(document);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ name: "x", text: "old\nlines", commands: ["npx nx run a:b"] });
    expect(replaceListings(document, new Map([[found!, "new $& line"]]))).toBe(
      document.replace("old\nlines", () => "new $& line"),
    );
  });

  it.each([
    ["```\nprinted\n```\n", /line 1: .*needs a comment/],
    [COMMENT.replace("VARIES", "all") + "```\nprinted\n```\n", /line 3: varies "all"/],
    [COMMENT.replace("command", "comand") + "```\nprinted\n```\n", /"comand: npx.*is none of/],
    [COMMENT.replace("VARIES", "times; clear: docs") + "```\nx\n```\n", /not below artifacts/],
  ])("is refused with its line where its comment is missing or wrong: %j", (document, message) => {
    expect(() => findListings(document)).toThrow(message);
  });

  it.each([
    ["nothing", "12 faces in 3.0 s", "12 faces in 4.0 s", false],
    ["times", "12 faces in 3.0 s", "12 faces in 14.0 s", true],
    ["times", "12 faces in 3.0 s", "13 faces in 3.0 s", false],
    ["times", "fast   5.1× ", " fast 15.0×", true],
    ["numbers", "12 faces, 3e-7", "9 faces, -1.5e-10", true],
    ["numbers", "12 faces, 3e-7", "12 people, 3e-7", false],
    ["numbers", "a\nb", "b\na", false],
    ["numbers", "fit 3 s", "fit 3 s\ntune 4 s", false],
  ])("that varies in %s is compared by the rest: %j and %j", (varies, shown, printed, same) => {
    expect(differences(listing(shown, { varies }), printed).length === 0).toBe(same);
  });

  it("names the lines that are no longer printed and those that are new", () => {
    expect(differences(listing("fit\nexport"), "fit\ntune")).toEqual(["- export", "+ tune"]);
  });

  it("shows no line of progress, which only a slow machine prints", () => {
    const printed =
      "begin\nreading MB 74/94\ndrawing 5/12, 16 s left\nfit 7/12 loss 1.2\n12/13 right";
    expect(listingText(listing("old"), [printed])).toBe("begin\n12/13 right");
    const epochs = "epoch 1/2\nepoch 2/2";
    const withProgress = `epoch 1/2 9/90, 8 s left\n${epochs}`;
    expect(listingText(listing("old", { extra: "; shorten: epoch" }), [withProgress])).toBe(epochs);
  });

  it("keeps its prompts and shows the first and the last of many similar lines", () => {
    const lines = Array.from({ length: 30 }, (_, at) => `epoch ${at + 1}`);
    const text = listingText(listing("$ old", { extra: "; shorten: epoch" }), [
      ["begin", ...lines, "end", ""].join("\n"),
    ]);
    expect(text.split("\n")).toEqual([
      "$ npx nx run a:b",
      "begin",
      ...lines.slice(0, 3),
      "…",
      ...lines.slice(-4),
      "end",
    ]);
  });
});

describe("the documents", () => {
  it("say of every printed text by which command it is made, under a name of its own", () => {
    const docs = readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md"));
    const files = ["README.md", ...docs.map((name) => `docs/${name}`)];
    const texts = files.map((file) => readFileSync(path.join(root, file), "utf8"));
    const names = texts.flatMap(findListings).map(({ name }) => name);
    // A comment whose block is gone is no listing.
    expect(names.length).toBe(texts.join("\n").split("<!-- listing ").length - 1);
    expect(names).toContain("demo");
    expect(new Set(names).size).toBe(names.length);
  });
});
