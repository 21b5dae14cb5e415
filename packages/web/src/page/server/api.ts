/** The body of an answer that is not OK. */
interface Refusal {
  readonly error?: { readonly message?: string; readonly advice?: string };
}

/**
 * Sends a request to the API of the server.
 *
 * @param path below `api/`.
 * @param body sent as JSON.
 * @throws {Error} if the request fails; the message is a sentence to show to the user.
 */
export async function callApi<Answer>(
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`api/${path}`, {
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
