/**
 * Environment variables that keep what mien uses from reporting to its makers. They must be set
 * before the library in question is loaded.
 *
 * `ORT_DISABLE_TELEMETRY`: onnxruntime 1.29 and later otherwise send events about each model that is
 * opened to Microsoft, and keep a device id and a queue in the user's cache folder (Privacy.md of
 * onnxruntime). It is read when the first session of a process is opened.
 */
export const TELEMETRY_OFF = { ORT_DISABLE_TELEMETRY: "1" } as const;
