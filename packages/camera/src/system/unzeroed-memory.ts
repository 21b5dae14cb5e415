/** Allocates memory without filling it with zeros, which costs time, for callers that write all of it. */
export function unzeroed(bytes: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(bytes);
  return new Uint8Array(buffer);
}
