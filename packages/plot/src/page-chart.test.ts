import { describe, expect, it } from "vitest";
import { chartScript, htmlChart } from "./page-chart.ts";

describe("htmlChart", () => {
  it("cannot end its script element by a text", () => {
    const html = htmlChart({
      title: "</script><script>alert(1)</script>",
      configuration: { type: "bar", data: { labels: ["</script><b>"], datasets: [] } },
    });
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    const json = /application\/json">(.*)<\/script>/.exec(html)?.[1] ?? "";
    expect(JSON.parse(json)).toMatchObject({
      configuration: { data: { labels: ["</script><b>"] } },
    });
  });
});

describe("chartScript", () => {
  it("holds the library and its licence, and refers to no file", () => {
    const script = chartScript();
    expect(script).toContain("Released under the MIT License");
    expect(script).not.toContain("sourceMappingURL");
    expect(script.match(/<\/script>/g)).toHaveLength(2);
  });
});
