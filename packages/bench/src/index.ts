export { alternate, stopIfAborted } from "./alternate.ts";
export { benchmarkTable, type Column, formatFactor } from "./benchmark-table.ts";
export { findChromium, launchChromium } from "./chromium.ts";
export {
  callContender,
  type CallTurn,
  type Contender,
  type OpenContender,
  type Turn,
} from "./contender.ts";
export { openJsonProcess, processContender } from "./json-process.ts";
export { describeEnvironment, type Environment, sayEnvironment } from "./machine.ts";
export { type PeerOptions } from "./install-peer.ts";
export { peerPackages } from "./npm-peers.ts";
export { KERAS_REQUIREMENTS, kerasEnvironment, openKeras } from "./keras.ts";
export { peerPython, peerWheel } from "./pip-peers.ts";
export {
  mean,
  median,
  quantile,
  summarise,
  summariseRatios,
  summariseTurns,
  type Summary,
} from "./summary.ts";
