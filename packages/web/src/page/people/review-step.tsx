import { useState } from "preact/hooks";
import type { Enrolment } from "../../messages.ts";
import { counted } from "../number-text.ts";
import type { EnrolmentRequest } from "./enrolment-request.ts";

/**
 * The third step of an enrolment: the person deletes the pictures that they do not like, and confirms
 * the rest.
 */
export function ReviewStep({
  enrolment,
  request,
}: {
  enrolment: Enrolment;
  request: EnrolmentRequest;
}) {
  const { name, pictures, guidance, doubts } = enrolment;
  // Indices of the deleted pictures, in the order in which they were deleted.
  const [deleted, setDeleted] = useState<readonly number[]>([]);
  const keepPicture = (index: number, kept: boolean) =>
    request("PUT", `enrolment/pictures/${index}`, { kept });
  const left = pictures.filter(Boolean).length;
  const [saving, setSaving] = useState(false);
  const lastDeleted = deleted.filter((i) => !pictures[i]).at(-1);
  return (
    <div class="review">
      <p>{guidance}</p>
      {doubts.length > 0 && (
        <p class="hint" role="alert">
          {doubts.join(" ")}
        </p>
      )}
      <ul class="grid">
        {pictures.map((kept, i) => (
          <li key={i} class={kept ? "" : "deleted"}>
            <img
              src={`api/enrolment/pictures/${i}`}
              alt={`Picture ${i + 1} of ${name}`}
              loading="lazy"
              width={96}
              height={96}
            />
            <button
              type="button"
              aria-label={kept ? `Delete picture ${i + 1}` : `Restore picture ${i + 1}`}
              onClick={() => {
                if (kept) setDeleted([...deleted.filter((before) => before !== i), i]);
                void keepPicture(i, !kept);
              }}
            >
              {kept ? "×" : "↺"}
            </button>
          </li>
        ))}
      </ul>
      {/* aria-disabled instead of disabled, because a disabled button would lose the focus. */}
      <div class="actions">
        <button
          type="button"
          class="main"
          disabled={left === 0}
          aria-disabled={saving}
          onClick={() => {
            if (saving) return;
            setSaving(true);
            void request("POST", "enrolment/save").finally(() => setSaving(false));
          }}
        >
          Enrol {name} with {counted(left, "picture")}
        </button>
        <button
          type="button"
          aria-disabled={lastDeleted === undefined}
          onClick={() => {
            if (lastDeleted === undefined) return;
            void keepPicture(lastDeleted, true);
            setDeleted(deleted.filter((i) => i !== lastDeleted));
          }}
        >
          Undo
        </button>
        <button type="button" onClick={() => void request("POST", "enrolment/discard")}>
          Discard all
        </button>
      </div>
    </div>
  );
}
