/** Links to the report and the tables of a session or a film. @param address of their folder. */
export function ResultLinks({ address }: { readonly address: string }) {
  return (
    <>
      <a class="button" href={`${address}/report.html`} target="_blank" rel="noopener">
        Report
      </a>
      <a class="button" href={`${address}/faces.csv`} download>
        CSV
      </a>
      <a class="button" href={`${address}/results.jsonl`} download>
        JSON
      </a>
    </>
  );
}
