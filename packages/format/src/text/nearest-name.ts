/**
 * Finds the name that is most similar to a word, by Levenshtein's edit distance without regard to
 * case.
 *
 * @returns the most similar name, the first one if several are equally similar; undefined if
 *   every name differs by more than 3 edits or by more than half the length of the word.
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(3, word.length / 2);
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance > least || (distance === least && best !== undefined)) continue;
    [best, least] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    let left = i;
    const next = [left];
    for (let j = 1; j <= b.length; j++) {
      const [diagonal = 0, above = 0] = row.slice(j - 1, j + 1);
      const replaced = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      left = Math.min(replaced, above + 1, left + 1);
      next.push(left);
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
