import { createServer } from "node:http";
import { z } from "zod";

/** A simulated network camera on this machine. */
interface MjpegCamera {
  /** URL for `--source`. */
  readonly address: string;
  close(): void;
}

/** Serves one JPEG thirty times per second, for machines without a webcam. */
export async function startMjpegCamera(jpeg: Buffer): Promise<MjpegCamera> {
  const head = `--x\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
  const part = Buffer.concat([Buffer.from(head), jpeg, Buffer.from("\r\n")]);
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=x" });
    const timer = setInterval(() => {
      if (response.writableLength < 4 * part.length) response.write(part);
    }, 1000 / 30);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    address: `http://127.0.0.1:${port}/camera`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
