import { itemAt, type ImageSet } from "@mien/format";

/**
 * Finds images by their CSV rows. It needs no memory if the rows ascend, as they do in every data set
 * that was read from a file.
 *
 * @returns a function from a CSV row to the position in the set, or undefined if no image has this row.
 */
export function rowPositions({ row }: ImageSet): (row: number) => number | undefined {
  const ascends = row.every((value, i) => i === 0 || itemAt(row, i - 1) < value);
  if (!ascends) {
    const positionOf = new Map(Array.from(row, (value, i) => [value, i]));
    return (wanted) => positionOf.get(wanted);
  }
  return (wanted) => {
    let [low, high] = [0, row.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (itemAt(row, middle) < wanted) low = middle + 1;
      else high = middle;
    }
    return row[low] === wanted ? low : undefined;
  };
}
