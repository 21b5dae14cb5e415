import type { Browser, Page } from "playwright-core";

/** A page of the live app whose messages are recorded. */
export interface MessagePage {
  readonly page: Page;
  /** Number of text messages so far that contain a text; with a type, of that type only. */
  count(text: string, type?: "frame"): number;
  /** Forgets the messages so far. */
  clear(): void;
}

/** Opens a page and records the text messages that it gets. */
export async function watchMessages(browser: Browser, origin: string): Promise<MessagePage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  let messages: string[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (typeof payload === "string") messages.push(payload);
    }),
  );
  await page.goto(origin);
  await page.getByRole("toolbar").waitFor();
  return {
    page,
    count: (text, type) => {
      const start = type === undefined ? "" : `{"type":"${type}"`;
      return messages.filter((one) => one.startsWith(start) && one.includes(text)).length;
    },
    clear: () => {
      messages = [];
    },
  };
}
