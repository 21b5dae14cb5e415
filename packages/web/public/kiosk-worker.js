/* global AbortSignal, caches, fetch, location, self */
// Keeps the kiosk page, its script and its styles, so that the page can be opened while the server is
// not there. Pictures, results and the API are never kept. While the server is there, everything comes
// from the server.
const CACHE = "mien-kiosk";
const KEPT = /\/(kiosk|kiosk\.css|favicon\.svg|assets\/[^/]+)$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (!KEPT.test(address.pathname)) return;
  event.respondWith(answer(request, address));
});

/** The answer of the server, which is kept; else the last one that was kept. */
async function answer(request, address) {
  // The token and the options of the page are no part of the name.
  const name = address.origin + address.pathname;
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(4000) });
    if (response.ok && !response.redirected) {
      const cache = await caches.open(CACHE);
      await cache.put(name, response.clone());
    }
    return response;
  } catch (error) {
    const kept = await caches.match(name);
    if (kept !== undefined) return kept;
    throw error;
  }
}
