import { readFileSync } from "node:fs";

let known: string | undefined;

/** What Linux tells about the processor; empty on other systems, where mien cannot find it out. */
function cpuInfo(): string {
  if (known === undefined) {
    try {
      known = readFileSync("/proc/cpuinfo", "utf8");
    } catch {
      known = "";
    }
  }
  return known;
}

/** Whether the processor has instructions for bfloat16 (AVX-512 BF16 or AMX). */
export function cpuHasBfloat16(): boolean {
  return /\b(avx512_bf16|amx_bf16)\b/.test(cpuInfo());
}

/**
 * Whether training in bfloat16 is faster than in 32-bit floats. That needs AMX: with AVX-512 BF16 alone,
 * it has half the speed on an Intel Xeon (`train:benchmark`).
 */
export function bfloat16IsFaster(): boolean {
  return cpuInfo().includes(" amx_bf16");
}
