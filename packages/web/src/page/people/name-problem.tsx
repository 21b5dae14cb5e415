import { personNameProblem, toPersonName } from "@mien/format";

/** The reason why a typed name is not allowed; hidden while the field is empty. */
export function NameProblem({ id, name }: { readonly id: string; readonly name: string }) {
  const called = toPersonName(name);
  const problem = called === "" ? undefined : personNameProblem(called);
  return (
    <p id={id} class={problem === undefined ? "unseen" : "hint bad"} aria-live="polite">
      {problem !== undefined && `This cannot be a name: ${problem}.`}
    </p>
  );
}
