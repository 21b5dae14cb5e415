import { personNameProblem, toPersonName } from "@mien/format";

/** The reason why a typed name is not allowed; hidden while the field is empty. */
export function NameProblem({ id, name }: { readonly id: string; readonly name: string }) {
  const personName = toPersonName(name);
  const problem = personName === "" ? undefined : personNameProblem(personName);
  return (
    <p id={id} class={problem === undefined ? "visually-hidden" : "hint bad"} aria-live="polite">
      {problem !== undefined && `This cannot be a name: ${problem}.`}
    </p>
  );
}
