import { readFileSync } from "node:fs";

let known: boolean | undefined;

/**
 * Whether the processor has instructions for bfloat16 (AVX-512 BF16 or AMX), with which oneDNN's
 * convolutions are faster. False on systems other than Linux, where mien cannot find this out.
 */
export function cpuHasBfloat16(): boolean {
  if (known === undefined) {
    try {
      known = /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
    } catch {
      known = false;
    }
  }
  return known;
}
