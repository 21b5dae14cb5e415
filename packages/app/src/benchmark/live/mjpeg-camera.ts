import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A network camera on this machine. */
export interface MjpegCamera {
  /** As `--source` takes it. */
  readonly address: string;
  close(): void;
}

/** Sends one JPEG thirty times a second to whoever asks: for machines without a webcam. */
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
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/camera`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
