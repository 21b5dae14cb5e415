/**
 * The address of the server's WebSocket: beside the page, encrypted if the page is. A proxy may serve
 * the page below another path.
 *
 * @param page the address of the page, such as `https://example.org/mien/kiosk`.
 */
export function socketAddress(page: string): URL {
  const address = new URL("ws?ack=1", page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  return address;
}
