import type { Stats } from "@mien/web";

/** Upper bounds of the histogram of processing times, in ms. */
const BOUNDS = [5, 10, 20, 33, 50, 100, 200, 500] as const;

/** A metric in the text format of Prometheus. */
interface Metric {
  /** Without the prefix `mien_`. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** One value, or the lines of a histogram without `mien_NAME`. */
  readonly value: number | readonly string[];
}

/** Counts frames and measures how long they take. */
export class Meter {
  /** Since the start. */
  readonly totals = { frames: 0, faces: 0, dropped: 0, failed: 0 };
  /** For each bound in `BOUNDS`: the number of frames that took at most that many ms. */
  readonly #buckets = new Map<number, number>(BOUNDS.map((bound) => [bound, 0]));
  /** Processing time of all frames, in ms. */
  #sumMs = 0;
  /** Processing times since the last `read`, in ms. */
  #times: number[] = [];
  #since = performance.now();
  #cpu = process.cpuUsage();
  #framesPerSecond = 0;
  #cpuPercent = 0;

  /** Counts a processed frame. */
  frame(processMs: number, faces: number): void {
    this.totals.frames++;
    this.totals.faces += faces;
    this.#sumMs += processMs;
    for (const [bound, count] of this.#buckets) {
      if (processMs <= bound) this.#buckets.set(bound, count + 1);
    }
    this.#times.push(processMs);
  }

  /** The statistics since the last call. */
  read(viewers: number): Stats {
    const seconds = (performance.now() - this.#since) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const times = this.#times.sort((a, b) => a - b);
    this.#framesPerSecond = times.length / seconds;
    this.#cpuPercent = (user + system) / 1e4 / seconds;
    this.#times = [];
    this.#since = performance.now();
    this.#cpu = process.cpuUsage();
    return {
      type: "stats",
      framesPerSecond: this.#framesPerSecond,
      processMs: times[times.length >> 1] ?? 0,
      cpuPercent: this.#cpuPercent,
      viewers,
      dropped: this.totals.dropped,
      viewer: null,
    };
  }

  /** Every metric in the text format of Prometheus. */
  expose(viewers: number, people: number): string {
    const { frames, faces, dropped, failed } = this.totals;
    const histogram = [
      ...[...this.#buckets].map(([bound, count]) => `_bucket{le="${bound / 1000}"} ${count}`),
      `_bucket{le="+Inf"} ${frames}`,
      `_sum ${this.#sumMs / 1000}`,
      `_count ${frames}`,
    ];
    const { user, system } = process.cpuUsage();
    const counter = (name: string, help: string, value: number): Metric => {
      return { name, type: "counter", help, value };
    };
    const gauge = (name: string, help: string, value: number): Metric => {
      return { name, type: "gauge", help, value };
    };
    const metrics: readonly Metric[] = [
      counter("frames_total", "Processed frames.", frames),
      counter("faces_total", "Faces in the processed frames.", faces),
      counter("frames_dropped_total", "Frames that were skipped for lack of time.", dropped),
      counter("frames_failed_total", "Malformed pictures of pages' cameras.", failed),
      gauge("frames_per_second", "Processed frames in the last second.", this.#framesPerSecond),
      counter("cpu_seconds_total", "Processor time of the server.", (user + system) / 1e6),
      gauge("cpu_percent", "Processor time in the last second, of one core.", this.#cpuPercent),
      gauge("memory_bytes", "Resident memory of the server.", process.memoryUsage().rss),
      gauge("viewers", "Open pages.", viewers),
      gauge("people", "Enrolled people.", people),
      {
        name: "frame_seconds",
        type: "histogram",
        help: "Time from the arrival of a frame to its result.",
        value: histogram,
      },
    ];
    return metrics.map(metricText).join("");
  }
}

function metricText({ name, type, help, value }: Metric): string {
  const lines = typeof value === "number" ? [` ${value}`] : value;
  return (
    `# HELP mien_${name} ${help}\n# TYPE mien_${name} ${type}\n` +
    lines.map((line) => `mien_${name}${line}\n`).join("")
  );
}
