/** Features of strangers by kind of recogniser, for whoever has enrolled nobody to compare with. */
export const IMPOSTORS: ReadonlyMap<string, readonly Float32Array[]> = new Map();
