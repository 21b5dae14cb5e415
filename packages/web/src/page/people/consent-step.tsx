import { LONGEST_NAME, personNameProblem, toPersonName } from "@mien/format";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { KEEP_DAYS } from "../../retention-days.ts";
import { callApi } from "../server/api.ts";
import type { EnrolmentRequest } from "./enrolment-request.ts";
import { NameProblem } from "./name-problem.tsx";

/** The retention times that the page offers, in days. */
const DAYS = [30, KEEP_DAYS, 365];

/**
 * The first step of an enrolment: name, number of pictures, retention time, and consent.
 *
 * @param props.children about the camera.
 */
export function ConsentStep(props: {
  readonly hasPicture: boolean;
  readonly request: EnrolmentRequest;
  readonly children: ComponentChildren;
}) {
  const { hasPicture, request, children } = props;
  const [name, setName] = useState("");
  const [count, setCount] = useState(30);
  const [keepDays, setKeepDays] = useState<number>(KEEP_DAYS);
  const [consent, setConsent] = useState(false);
  const [text, setText] = useState("");
  const personName = toPersonName(name);
  const problem = personNameProblem(personName);
  useEffect(() => {
    setConsent(false);
    setText("");
    if (problem !== undefined) return undefined;
    let isStale = false;
    const query = new URLSearchParams({ name: personName, keepDays: String(keepDays) });
    void callApi<{ text: string }>("GET", `consent?${query.toString()}`).then(
      (answer) => {
        if (!isStale) setText(answer.text);
      },
      () => undefined,
    );
    return () => void (isStale = true);
  }, [personName, keepDays]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void request("POST", "enrolment", { name: personName, count, keepDays, consent });
      }}
    >
      {children}
      <div class="fields">
        <label>
          Name
          <input
            value={name}
            maxLength={LONGEST_NAME}
            aria-describedby="name-problem"
            autocomplete="off"
            required
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          Pictures
          <input
            type="number"
            min={1}
            max={500}
            value={count}
            onInput={({ currentTarget }) => setCount(Number(currentTarget.value))}
          />
        </label>
        <label>
          Keep for
          <select
            value={keepDays}
            onChange={({ currentTarget }) => setKeepDays(Number(currentTarget.value))}
          >
            {DAYS.map((days) => (
              <option key={days} value={days}>
                {days} days
              </option>
            ))}
          </select>
        </label>
      </div>
      <NameProblem id="name-problem" name={name} />
      {personName === "" && (
        <p class="quiet">Enter the name. Then the text that you agree to is shown here.</p>
      )}
      {text !== "" && (
        <>
          <blockquote class="consent">{text}</blockquote>
          <label class="check">
            <input
              type="checkbox"
              checked={consent}
              onChange={({ currentTarget }) => setConsent(currentTarget.checked)}
            />
            <span>I am {personName}. I have read this and I agree.</span>
          </label>
        </>
      )}
      <button class="main" disabled={!consent || !hasPicture}>
        Take pictures
      </button>
    </form>
  );
}
