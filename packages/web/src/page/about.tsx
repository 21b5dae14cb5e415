import type { Hello } from "../messages.ts";

/** A sentence about where pictures and results go. */
export function whereTo(hello: Hello | null): string {
  if (!hello?.network) return "Nothing leaves this computer.";
  const how = location.protocol === "https:" ? "encrypted" : "unencrypted";
  return `Pictures and results go over the network, ${how}, to the pages that are open on other computers.`;
}

/** The view About: explains mien to its users and to the people in the picture. */
export function About({ hello }: { hello: Hello | null }) {
  return (
    <article class="text">
      <h1>About mien</h1>
      <p>
        mien finds faces in pictures and reads their <strong>expressions</strong>: what a face
        shows. It cannot read feelings: people smile out of courtesy and frown when they
        concentrate. The model reads about one in three difficult pictures wrongly, and some
        expressions more often than others.
      </p>
      <h2>If you are in the picture</h2>
      <p>
        This is the notice that Article 50(3) of the EU AI Act requires: a system that reads facial
        expressions is running here. Pictures are analysed on this computer and then discarded.{" "}
        {hello?.network ? whereTo(hello) : "Nothing is sent to any other place."} Results are stored
        only while this page says “recording”. Your pictures are stored, and you are recognised by
        name, only if you have agreed to be enrolled. Everything about you can be deleted at any
        time under <a href="#people">People</a>.
      </p>
      <h2>Where it must not be used</h2>
      <p>
        Inferring emotions of people <strong>at work or at school</strong> is prohibited in the EU
        (AI Act, Article 5(1)(f)), except for medical and safety reasons. Do not use it to assess
        people.
      </p>
      <h2>The model</h2>
      <p>
        {hello === null ? "" : `${hello.model}: ${hello.labels.join(", ")}.`}{" "}
        {hello?.card ? (
          <a href="#card">Model card</a>
        ) : (
          "There is no model card beside its file. The model card of a released model says how the model was evaluated and where it fails."
        )}
      </p>
      <p>
        For programs: <a href="api/openapi.json">the API</a>,{" "}
        <a href="metrics">metrics for Prometheus</a>.
      </p>
    </article>
  );
}
