/** What the server says when it refuses. */
interface Refusal {
  readonly error?: { readonly message?: string; readonly advice?: string };
}

/**
 * Asks the server.
 *
 * @throws {Error} with a sentence for people.
 */
export async function callApi<Answer>(
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`/api/${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  }).catch(() => {
    throw new Error("The server does not answer.");
  });
  if (response.ok) return (await response.json()) as Answer;
  const { error } = (await response.json().catch(() => ({}))) as Refusal;
  throw new Error(
    [error?.message, error?.advice].filter(Boolean).join(". ") || response.statusText,
  );
}
