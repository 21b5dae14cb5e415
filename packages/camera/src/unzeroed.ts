/** Memory of its own that is going to be written as a whole: filling it with zeros first costs time. */
export function unzeroed(bytes: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(bytes);
  return new Uint8Array(buffer);
}
