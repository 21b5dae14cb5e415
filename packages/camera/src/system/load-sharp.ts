/** The module of sharp. */
type Sharp = typeof import("sharp");

let loading: Promise<{ readonly default: Sharp }> | undefined;

/**
 * Loads sharp, the image library, at its first use: commands that read no image start sooner. The
 * promise is kept, because each dynamic import costs about 1 ms of processor time under tsx.
 */
export async function loadSharp(): Promise<Sharp> {
  loading ??= import("sharp");
  return (await loading).default;
}
