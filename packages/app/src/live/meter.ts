import type { Stats } from "@mien/web";

/** Counts what happens, and says once in a while how it goes. */
export class Meter {
  /** Since the start. */
  readonly totals = { frames: 0, faces: 0, dropped: 0, failed: 0 };
  /** Upper bounds of the histogram of processing times, in milliseconds, and how many are below. */
  readonly bounds = [5, 10, 20, 33, 50, 100, 200, 500] as const;
  readonly buckets: number[] = this.bounds.map(() => 0);
  sumMs = 0;
  #times: number[] = [];
  #since = performance.now();
  #cpu = process.cpuUsage();
  #framesPerSecond = 0;
  #cpuPercent = 0;

  frame(processMs: number, faces: number): void {
    this.totals.frames++;
    this.totals.faces += faces;
    this.sumMs += processMs;
    this.bounds.forEach((bound, i) => {
      if (processMs <= bound) this.buckets[i] = (this.buckets[i] as number) + 1;
    });
    this.#times.push(processMs);
  }

  /** The time since the last call, summed up. */
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
    };
  }

  /** In Prometheus' text format. */
  expose(viewers: number, people: number): string {
    const { frames, faces, dropped, failed } = this.totals;
    const metric = (name: string, type: string, help: string, lines: readonly string[]) =>
      `# HELP mien_${name} ${help}\n# TYPE mien_${name} ${type}\n` +
      lines.map((line) => `mien_${name}${line}\n`).join("");
    const histogram = [
      ...this.bounds.map((bound, i) => `_bucket{le="${bound / 1000}"} ${this.buckets[i]}`),
      `_bucket{le="+Inf"} ${frames}`,
      `_sum ${this.sumMs / 1000}`,
      `_count ${frames}`,
    ];
    const { user, system } = process.cpuUsage();
    return [
      metric("frames_total", "counter", "Frames that were worked on.", [` ${frames}`]),
      metric("faces_total", "counter", "Faces in them.", [` ${faces}`]),
      metric("frames_dropped_total", "counter", "Frames that came too fast.", [` ${dropped}`]),
      metric("frames_failed_total", "counter", "Pictures that were none.", [` ${failed}`]),
      metric("frames_per_second", "gauge", "In the last second.", [` ${this.#framesPerSecond}`]),
      metric("cpu_seconds_total", "counter", "Of the server.", [` ${(user + system) / 1e6}`]),
      metric("cpu_percent", "gauge", "Of one core.", [` ${this.#cpuPercent}`]),
      metric("memory_bytes", "gauge", "Resident.", [` ${process.memoryUsage().rss}`]),
      metric("viewers", "gauge", "Open pages.", [` ${viewers}`]),
      metric("people", "gauge", "Enrolled.", [` ${people}`]),
      metric("frame_seconds", "histogram", "From a frame's arrival to its result.", histogram),
    ].join("");
  }
}
