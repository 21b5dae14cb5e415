import WebSocket from "ws";

/** Programs that listen as pages do. */
export interface CountedViewers {
  /** Results that each got since this was asked last; the stalled one is left out. */
  counts(): number[];
  close(): void;
}

/** Opens viewers, of which the first reads nothing at all. */
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
  (stalled as unknown as { _socket: { pause(): void } })._socket.pause();
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
