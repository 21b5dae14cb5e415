import { counted } from "../number-text.ts";

/**
 * The name of the file or camera that is shown, and the pictures of a folder that cannot be read.
 *
 * @param props.source the value of `--source`.
 * @param props.file the source of the frame that is shown: for a folder, the picture in it.
 * @param props.broken for each picture that cannot be read, a sentence.
 */
export function SourceNote(props: {
  readonly source: string;
  readonly file: string | undefined;
  readonly broken: readonly string[];
}) {
  const { source, file = source, broken } = props;
  const folder = source.replace(/[\\/]+$/, "");
  return (
    <>
      <p class="source quiet">
        Source: {source}
        {file !== source && (
          <>
            , picture <b>{file.startsWith(folder) ? file.slice(folder.length + 1) : file}</b>
          </>
        )}
      </p>
      {broken.length > 0 && (
        <details class="hint broken">
          <summary>{counted(broken.length, "picture")} cannot be read</summary>
          <ul>
            {broken.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
