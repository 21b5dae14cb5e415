import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import { afterAll, expect, it } from "vitest";
import { unexportedTypes } from "./unexported-types.ts";

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "mien-types-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every way in which a signature can mention a type `Secret` of another file. */
const MENTIONS = {
  parameter: "export declare function f(a: Secret): void;",
  result: "export declare function f(): Promise<readonly Secret[]>;",
  property: "export interface F { readonly a?: Secret | null }",
  alias: "export type F = Secret;",
  member: `export type F = Secret["a"];`,
  constraint: "export declare class F<T extends Secret> { a: T }",
  interface: "export interface F extends Secret { b: 1 }",
  class: "export declare class F implements Secret { a: 1 }",
  constant: "export declare const f: Record<string, Secret>;",
  value: "export declare const f: typeof hidden;",
  "import type": `export declare const f: import("./secret.js").Secret;`,
  "exported under another name": "declare const g: Secret; export { g as f };",
} as const;

const IMPORT = `import type { Secret, hidden } from "./secret.js";`;

function missing(text: string): string[] {
  const index = path.join(folder, "index.d.ts");
  writeFileSync(index, text);
  writeFileSync(
    path.join(folder, "secret.d.ts"),
    "export interface Secret { a: 1 } export declare const hidden: Secret;",
  );
  const program = ts.createProgram([index], { noLib: true, types: [] });
  return unexportedTypes({ program, index, folder });
}

it.each(Object.entries(MENTIONS))(
  "a type is reported that a signature mentions as %s",
  (_, text) => {
    const secret = text.includes("hidden") ? "hidden" : "Secret";
    expect(missing(`${IMPORT}\n${text}`)).toEqual([expect.stringMatching(`: ${secret}$`)]);
    expect(
      missing(`${IMPORT}\n${text}\nexport type { Secret, hidden } from "./secret.js";`),
    ).toEqual([]);
  },
);

it("type parameters, and types that only the file itself uses, need not be exported", () => {
  const text = `
    interface Inner { a: 1 }
    declare const unused: Inner;
    export declare function f<T>(a: T, b: typeof a): T;
    export type G<T> = T extends (infer U)[] ? { [K in keyof U]: K } : T;`;
  expect(missing(text)).toEqual([]);
});
