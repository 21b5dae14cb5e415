import { readFileSync } from "node:fs";

/**
 * The ways to resolve a package of ES modules that are checked: not CommonJS, and not TypeScript's
 * oldest.
 */
const WAYS: readonly string[] = ["node16-esm", "bundler"];

/**
 * Problems that publint and "Are the types wrong?" find in a packed package of ES modules.
 *
 * @param tarball the .tgz that npm packed.
 */
export async function findPackageProblems(tarball: string): Promise<string[]> {
  // Loaded here, since both contain a TypeScript of their own and most tests need neither.
  const { publint } = await import("publint");
  const { formatMessage } = await import("publint/utils");
  const { checkPackage, createPackageFromTarballData } = await import("@arethetypeswrong/core");

  const data = Uint8Array.from(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true });
  const found = messages.map((message) => formatMessage(message, pkg) ?? message.code);
  const checked = await checkPackage(createPackageFromTarballData(data));
  if (!checked.types) return [...found, `${checked.packageName} holds no types`];
  const ofTypes = checked.problems
    .filter((problem) => !("resolutionKind" in problem) || WAYS.includes(problem.resolutionKind))
    .map((problem) => JSON.stringify(problem));
  return [...found, ...ofTypes];
}
