import { render } from "preact";
import { Kiosk } from "./kiosk.tsx";
import { kioskOptions } from "./kiosk-options.ts";

// The user's style follows the style of the page, so that it takes precedence.
const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "kiosk.css";
document.head.append(style);

// The browser keeps the page, so that it can be opened while the server is not there.
if ("serviceWorker" in navigator) {
  // Without an encrypted connection, other machines have no service workers.
  void navigator.serviceWorker
    .register("kiosk-worker.js", { scope: "kiosk" })
    .catch(() => undefined);
}

const place = document.getElementById("app");
if (place !== null) render(<Kiosk options={kioskOptions(location.href)} />, place);
