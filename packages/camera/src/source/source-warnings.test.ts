import { expect, it } from "vitest";
import { SourceWarnings } from "./source-warnings.ts";

it.each(["skipped", "damaged", "lost", "back"] as const)(
  "prints ten warnings of the kind %s, then their number",
  (kind) => {
    const printed: string[] = [];
    const warnings = new SourceWarnings((message) => printed.push(message));
    for (let i = 0; i < 300; i++) warnings.add({ kind, message: `frame ${i}` });
    expect(printed).toHaveLength(10);
    warnings.finish();
    expect(printed.at(-1)).toBe(`300 warnings (${kind}); the first 10 were printed`);
    expect(printed).toHaveLength(11);
  },
);

it("prints no number if every warning was printed", () => {
  const printed: string[] = [];
  const warnings = new SourceWarnings((message) => printed.push(message));
  for (let i = 0; i < 10; i++) warnings.add({ kind: "damaged", message: "x" });
  warnings.finish();
  expect(printed).toHaveLength(10);
});
