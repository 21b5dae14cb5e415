export { CHROMIUM_FLAGS, chromiumEnvironment, findChromium } from "./chromium.ts";
export { type PeerOptions, peerPackages } from "./npm-peers.ts";
export { KERAS_REQUIREMENTS, peerPython } from "./pip-peers.ts";
