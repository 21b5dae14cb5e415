import { useEffect, useState } from "preact/hooks";

/** The view Model card: the card of the expression model, which is a Markdown file. */
export function ModelCard({ isServed }: { readonly isServed: boolean }) {
  const [html, setHtml] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (!isServed) return;
    void readCard().then(setHtml, (error: Error) => setProblem(error.message));
  }, [isServed]);
  return (
    <article class="text card-page">
      <p>
        <a href="#about">About mien</a>
        {isServed && (
          <>
            {" "}
            · <a href="api/card">as a text file</a>
          </>
        )}
      </p>
      {problem !== "" && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      {!isServed && <h1>This model has no card</h1>}
      {html !== null && <div dangerouslySetInnerHTML={{ __html: html }} />}
    </article>
  );
}

/** The card as HTML. Only its Markdown is rendered: HTML in it is shown as text. */
async function readCard(): Promise<string> {
  const [{ Marked }, response] = await Promise.all([import("marked"), fetch("api/card")]);
  if (!response.ok) throw new Error("The server does not send the card.");
  const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const marked = new Marked({
    renderer: {
      html: ({ text }) => escaped(text),
      // The page loads nothing from other addresses.
      image: ({ text }) => escaped(text),
      // Files beside the card are not served.
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        if (!/^https?:\/\//.test(href)) return text;
        const address = escaped(href).replaceAll('"', "&quot;");
        return `<a href="${address}" target="_blank" rel="noopener noreferrer">${text}</a>`;
      },
      // Wide tables scroll in a box of their own.
      table(token) {
        const cells = (tag: string, row: typeof token.header) => {
          const content = row.map(({ tokens, text }) => {
            // A header without text is no header.
            const name = text === "" ? "td" : tag;
            return `<${name}>${this.parser.parseInline(tokens)}</${name}>`;
          });
          return `<tr>${content.join("")}</tr>`;
        };
        const rows = token.rows.map((row) => cells("td", row)).join("");
        return `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table><thead>${cells("th", token.header)}</thead><tbody>${rows}</tbody></table></div>`;
      },
    },
  });
  return marked.parse(await response.text(), { async: false });
}
