import { useEffect, useState } from "preact/hooks";
import type { PersonPictures } from "../../people-summary.ts";
import { useFocusFallback } from "../focus-fallback.ts";
import { counted } from "../number-text.ts";
import { callApi } from "../server/api.ts";

/** Number of pictures that are shown before all are asked for. */
const FIRST = 6;

/**
 * The stored pictures of a person, each of which can be deleted.
 *
 * @param props.count number of pictures; when it changes, the list is loaded again.
 */
export function Thumbnails({ name, count }: { readonly name: string; readonly count: number }) {
  const [files, setFiles] = useState<readonly string[]>([]);
  const [showsAll, setShowsAll] = useState(false);
  // The picture whose deletion the user must confirm.
  const [asked, setAsked] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const path = `people/${encodeURIComponent(name)}/pictures`;
  const list = useFocusFallback<HTMLUListElement>(files.join());
  const load = (method: string, file = "") =>
    callApi<PersonPictures>(method, path + file).then(
      (answer) => {
        setFiles(answer.files);
        setProblem("");
      },
      (error: Error) => setProblem(error.message),
    );
  useEffect(() => void load("GET"), [name, count]);
  if (files.length === 0) return null;
  const shown = showsAll ? files : files.slice(0, FIRST);
  return (
    <div class="thumbnails">
      {problem !== "" && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      <ul class="grid" ref={list} tabIndex={-1} aria-label={`Pictures of ${name}`}>
        {shown.map((file, i) => (
          <li key={file}>
            <img
              src={`api/${path}/${file}`}
              alt={`Picture ${i + 1} of ${name}`}
              loading="lazy"
              width={96}
              height={96}
            />
            {showsAll && asked !== file && (
              <button
                type="button"
                aria-label={`Delete picture ${i + 1} of ${name}`}
                onClick={() => setAsked(file)}
              >
                ×
              </button>
            )}
            {asked === file && (
              <div class="confirm">
                <button
                  type="button"
                  class="danger"
                  aria-label={`Delete picture ${i + 1} of ${name} for ever`}
                  onClick={() => {
                    setAsked(null);
                    void load("DELETE", `/${file}`);
                  }}
                >
                  Delete
                </button>
                <button type="button" onClick={() => setAsked(null)}>
                  Keep
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="plain-text"
        aria-expanded={showsAll}
        onClick={() => setShowsAll(!showsAll)}
      >
        {showsAll ? "Fewer pictures" : `All ${counted(files.length, "picture")}`}
        <span class="visually-hidden"> of {name}</span>
      </button>
    </div>
  );
}
