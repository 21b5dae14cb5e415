import { describe, expect, it } from "vitest";
import { inBothThemes, openCanvas } from "./theme.ts";
import { escapeHtml, htmlFigure, htmlPage, htmlTable } from "./page.ts";

describe("pages", () => {
  it("name the rows and columns of tables for screen readers", () => {
    const html = htmlTable(["", "n"], [["a", "1"]]);
    expect(html).toMatch(/<th scope="col">n<\/th>/);
    expect(html).toMatch(/<th scope="row">a<\/th><td>1<\/td>/);
  });

  it("escape titles", () => {
    expect(escapeHtml(`"<a>" & b`)).toBe("&quot;&lt;a&gt;&quot; &amp; b");
    const html = htmlPage(
      "<script>",
      htmlFigure(
        `"><b>`,
        inBothThemes((theme) => openCanvas(10, 10, theme).canvas.toBuffer("image/png")),
      ),
    );
    expect(html).toContain("<title>&lt;script&gt;</title>");
    expect(html).toContain(
      `<img alt="&quot;&gt;&lt;b&gt;" style="min-width: 8px" src="data:image/png;`,
    );
  });
});
