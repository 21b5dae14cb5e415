import { TELEMETRY_OFF } from "@mien/format";
import { failed, passed, type Check } from "./check.ts";

const TELEMETRY = { name: "telemetry", needed: "always" } as const;

/** Checks whether the telemetry of the libraries is switched off. */
export function checkTelemetry(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Check {
  const settings = Object.entries(TELEMETRY_OFF);
  const missing = settings.filter(([name, value]) => environment[name] !== value);
  const show = (entries: typeof settings) => entries.map((entry) => entry.join("=")).join(" ");
  return missing.length === 0
    ? passed(TELEMETRY, `off (${show(settings)})`)
    : failed(TELEMETRY, "on: onnxruntime reports to Microsoft", `set ${show(missing)}`);
}
