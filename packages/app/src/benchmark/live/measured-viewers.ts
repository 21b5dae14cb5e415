import WebSocket from "ws";

/** WebSocket clients that receive the same as pages. */
interface CountedViewers {
  /** Number of results that each has received since the last call, without the first, stalled viewer. */
  counts(): number[];
  close(): void;
}

/** Opens viewers, of which the first reads nothing. */
export async function openViewers(origin: string, count: number): Promise<CountedViewers> {
  const address = `${origin.replace("http", "ws")}/ws`;
  const sockets = Array.from({ length: count }, () => new WebSocket(address));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          socket.once("open", resolve);
          socket.once("error", reject);
        }),
    ),
  );
  const [stalled, ...others] = sockets;
  stalled?.pause();
  const counts = others.map(() => 0);
  others.forEach((socket, i) =>
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary || !data.subarray(0, 15).toString().startsWith('{"type":"frame"')) return;
      counts[i] = (counts[i] ?? 0) + 1;
    }),
  );
  return {
    counts() {
      const now = [...counts];
      counts.fill(0);
      return now;
    },
    close() {
      for (const socket of sockets) socket.terminate();
    },
  };
}
