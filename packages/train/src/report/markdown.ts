/** A Markdown table; the cells are Markdown. Columns of numbers are aligned to the right. */
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

/** Plain text as a table cell, with the special characters of Markdown escaped. */
export function cell(text: string): string {
  return text.replace(/[|\\`*_<>[\]]/g, "\\$&").replace(/\s+/g, " ");
}

/** A share in percent, without the unit: `58.5` for 0.585. */
export function inPercent(share: number): string {
  return (100 * share).toFixed(1);
}
