import { readFileSync } from "node:fs";

let known: boolean | undefined;

/**
 * Whether the processor multiplies 16-bit brain floats in hardware (AVX-512 BF16 or AMX), so that
 * oneDNN's convolutions gain from them. Only Linux says so; elsewhere the answer is no.
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
