/**
 * An element that must exist, with its type.
 *
 * @param index 0 to `items.length` − 1.
 * @throws {RangeError} for any other index; the caller has a bug then.
 * @example
 * itemAt(["a", "b"], 1); // "b", of type string instead of string | undefined
 */
export function itemAt<Item>(items: ArrayLike<Item>, index: number): Item {
  const item = items[index];
  if (item === undefined) {
    throw new RangeError(`expected an index from 0 to ${items.length - 1}, found ${index}`);
  }
  return item;
}
