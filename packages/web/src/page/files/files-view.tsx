import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { FileAnalysis, FileResult } from "../../file-analysis.ts";
import { roundedShares } from "../../rounded-shares.ts";
import { clockText, counted, percent } from "../number-text.ts";
import { drawFrame } from "../live/stage.tsx";
import { useFocusFallback } from "../focus-fallback.ts";
import type { SentFile, SentFiles } from "./sent-files.ts";
import { ResultLinks } from "../result-links.tsx";

/** The view Files: images and films that are analysed, with progress and results. */
export function FilesView(props: {
  readonly files: SentFiles;
  readonly list: readonly SentFile[];
}) {
  const { files, list } = props;
  const title = useFocusFallback<HTMLHeadingElement>(list.length);
  return (
    <div class="files">
      <h1 ref={title} tabIndex={-1}>
        Files
      </h1>
      <label class="drop">
        <strong>Drop images and films anywhere on this page</strong>
        <span>
          or choose them here. They are analysed on the computer that runs mien, and deleted
          afterwards. Nobody is recognised in them.
        </span>
        <input
          type="file"
          multiple
          accept="image/*,video/*"
          aria-label="Choose images and films"
          onChange={({ currentTarget }) => {
            files.add(currentTarget.files ?? []);
            currentTarget.value = "";
          }}
        />
      </label>
      <ul class="list">
        {list.map((one) => (
          <li key={one.key} class="card file">
            <header class="bar-head">
              <h2>{one.file.name}</h2>
              <button type="button" onClick={() => files.remove(one.key)}>
                {isEnded(one) ? "Remove" : "Cancel"}
                <span class="visually-hidden"> {one.file.name}</span>
              </button>
            </header>
            <Progress sent={one} />
            {one.analysis?.result?.kind === "image" && (
              <ImageResult file={one.file} result={one.analysis.result} />
            )}
            {one.analysis?.result?.kind === "film" && (
              <FilmResult result={one.analysis.result} analysis={one.analysis} />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Whether nothing more will happen to a file. */
function isEnded({ analysis, problem }: SentFile): boolean {
  return problem !== null || analysis?.state === "done" || analysis?.state === "failed";
}

/** How far the analysis of a file is, or why it failed. */
function Progress({ sent: { file, sent, analysis, problem } }: { readonly sent: SentFile }) {
  const failure = problem ?? analysis?.problem ?? null;
  if (failure !== null) {
    return (
      <p class="hint bad" role="alert">
        {failure}
      </p>
    );
  }
  if (analysis?.state === "done") {
    return (
      <p class="visually-hidden" role="status">
        {file.name} was analysed.
      </p>
    );
  }
  const { frames = 0, total = null, secondsLeft = null } = analysis ?? {};
  const share = analysis === null ? sent : total === null ? null : frames / total;
  const text =
    analysis === null
      ? sent === 0
        ? "waits to be sent"
        : "is sent"
      : analysis.state === "waiting"
        ? "waits for the file before it"
        : counted(frames, "frame") +
          (total === null ? "" : ` of ${total}`) +
          (secondsLeft === null ? "" : `, ${clockText(secondsLeft)} left`);
  return (
    <>
      <progress
        {...(share === null ? {} : { value: share })}
        max={1}
        aria-label={`Analysis of ${file.name}`}
      />
      <p class="quiet">{text}</p>
    </>
  );
}

type ImageOf = Extract<FileResult, { kind: "image" }>;
type FilmOf = Extract<FileResult, { kind: "film" }>;

/** The picture with boxes around its faces, and a table of the faces. */
function ImageResult({ file, result }: { readonly file: File; readonly result: ImageOf }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { labels, faces, rejected } = result;
  // Numbered from left to right, as in the table.
  const numbered = faces
    .toSorted((a, b) => a.box[0] - b.box[0])
    .map((face, i) => ({ ...face, track: i + 1 }));
  useEffect(() => {
    void createImageBitmap(file).then(
      (picture) => {
        if (canvas.current !== null) {
          const view = { mirror: false, privacy: false, stills: true, labels };
          drawFrame(canvas.current, { result: { ...result, faces: numbered }, picture }, view);
        }
        picture.close();
      },
      // A format that the server reads and this browser does not.
      () => undefined,
    );
  }, [file, result]);
  return (
    <>
      <canvas
        ref={canvas}
        class="analysed"
        role="img"
        aria-label={`${file.name} with ${counted(faces.length, "face")}`}
        width={result.width}
        height={result.height}
      />
      {faces.length === 0 && <p>No face was found.</p>}
      {numbered.length > 0 && (
        <Table
          label={`Faces in ${file.name}`}
          head={["face", "expression", "probability", "runner-up"]}
        >
          {numbered.map(({ track, probabilities, score }) => {
            const [best, second] = probabilities
              .map((probability, i) => ({ probability, label: labels[i] ?? "" }))
              .sort((a, b) => b.probability - a.probability);
            return (
              <tr key={track}>
                <th scope="row" title={`detector score ${percent(score)}`}>
                  Face {track}
                </th>
                <td>{best?.label}</td>
                <td>{percent(best?.probability ?? 0, 1)}</td>
                <td>{second && `${second.label} ${percent(second.probability, 1)}`}</td>
              </tr>
            );
          })}
        </Table>
      )}
      {rejected.map(({ box, reason }) => (
        <p key={box.join()} class="quiet">
          Rejected: {reason}
        </p>
      ))}
    </>
  );
}

/** A table of the faces of a film, and links to all results. */
function FilmResult(props: { readonly result: FilmOf; readonly analysis: FileAnalysis }) {
  const { result, analysis } = props;
  const address = `api/files/${analysis.id}`;
  return (
    <>
      <p>
        {clockText(result.seconds)} with {counted(result.faces.length, "face")} in{" "}
        {counted(analysis.frames, "frame")}.
      </p>
      {result.faces.length > 0 && (
        <Table
          label={`Faces in ${analysis.name}`}
          head={["face", "from", "to", "frames", "confirmed"]}
        >
          {result.faces.map(({ name, from, to, frames, confirmed }) => {
            const shares = roundedShares(confirmed.map(([, count]) => count));
            const texts = confirmed.map(([label], i) => `${label} ${shares[i]?.toFixed(1)} %`);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{clockText(from)}</td>
                <td>{clockText(to)}</td>
                <td>{frames}</td>
                <td>{texts.filter((_, i) => shares[i] !== 0).join(", ")}</td>
              </tr>
            );
          })}
        </Table>
      )}
      <div class="actions">
        <ResultLinks address={address} />
      </div>
    </>
  );
}

/** A table that scrolls if it is wider than the screen. */
function Table(props: {
  readonly label: string;
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {props.head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}
