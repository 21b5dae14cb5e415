/**
 * Environment variables that switch the telemetry of libraries off. Each must be set before its library
 * is loaded.
 *
 * `ORT_DISABLE_TELEMETRY`: without it, onnxruntime 1.29 and later send events about each opened model
 * to Microsoft, and store a device id and a queue in the user's cache folder (Privacy.md of
 * onnxruntime). onnxruntime reads the variable when a process opens its first session.
 */
export const TELEMETRY_OFF = { ORT_DISABLE_TELEMETRY: "1" } as const;
