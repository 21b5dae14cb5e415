/** `p = 0.687`, `p < 0.001` */
export function describeP(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}
