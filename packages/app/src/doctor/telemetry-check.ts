import { TELEMETRY_OFF } from "@mien/format";
import { broken, fine, type Check } from "./check.ts";

/** Whether the libraries of this process keep from reporting to their makers. */
export function checkTelemetry(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Check {
  const settings = Object.entries(TELEMETRY_OFF);
  const missing = settings.filter(([name, value]) => environment[name] !== value);
  const show = (entries: typeof settings) => entries.map((entry) => entry.join("=")).join(" ");
  return missing.length === 0
    ? fine("telemetry", "always", `off (${show(settings)})`)
    : broken("telemetry", "always", "on: onnxruntime reports to Microsoft", `set ${show(missing)}`);
}
