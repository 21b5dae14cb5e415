import { createServer, connect, type Socket } from "node:net";
import { z } from "zod";

/** A network between pages and a server that can be cut. */
export interface CutNetwork {
  /** `http://127.0.0.1:PORT`; what arrives there is passed on to the server. */
  readonly origin: string;
  /** Passes nothing on from now on, and tells nobody, like a cable that is pulled. */
  cut(): void;
  /** Passes everything on again, also what was sent meanwhile. */
  restore(): void;
  close(): void;
}

/** Opens a network to a server on this machine. */
export async function openNetwork(serverPort: number): Promise<CutNetwork> {
  const sockets = new Set<Socket>();
  /** Sockets whose other end closed during the cut. */
  const ended: Socket[] = [];
  let isCut = false;
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on("data", (data) => other.write(data));
    if (isCut) socket.pause();
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      // Over a network that is cut, the end of a connection does not arrive.
      if (isCut) ended.push(other);
      else other.destroy();
    });
  };
  const server = createServer((page) => {
    const upstream = connect(serverPort, "127.0.0.1");
    keep(page, upstream);
    keep(upstream, page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    restore() {
      isCut = false;
      for (const socket of sockets) socket.resume();
      for (const socket of ended.splice(0)) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
