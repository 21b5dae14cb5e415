export { count, percent } from "./numbers.ts";

/** A table; cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const isNumber = (text: string) => /^[\d.,–\s%]+( (ms|kB|MB|★))?$/.test(text);
  const rules = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => isNumber(row[column] ?? "")) ? "--:" : "---",
  );
  return [line(head), line(rules), ...rows.map(line)].join("\n");
}

/** A bulleted list. */
export function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** Text that cannot break out of a table's cell. */
export function cell(text: string): string {
  return text.replace(/[|\\`*_<>[\]]/g, "\\$&").replace(/\s+/g, " ");
}

/** `58.5` for 0.585. */
export function points(share: number): string {
  return (100 * share).toFixed(1);
}
