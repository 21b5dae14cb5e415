// Requests to the commands that serve a page, before they are ended. Each answer becomes a file.
import { Buffer } from "node:buffer";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

/**
 * @typedef {object} Server
 * @property {string} origin `http://127.0.0.1:port`.
 * @property {string} work the working folder.
 */

/**
 * Calls every read-only part of the API of app:live, and changes that have no effect on anybody.
 * @param {Server} server
 */
export async function useLive({ origin, work }) {
  const folder = path.join(work, "live");
  mkdirSync(folder, { recursive: true });
  /** @param {string} name @param {string} route @param {RequestInit} [init] */
  const ask = async (name, route, init) => {
    const response = await globalThis.fetch(`${origin}${route}`, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    writeFileSync(path.join(folder, name), bytes);
    return { status: response.status, type: response.headers.get("content-type"), bytes };
  };
  /** @param {string} method @param {unknown} body */
  const json = (method, body) => ({
    method,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  // The source is one image, which is shown again and again.
  const latest = async () => {
    const { bytes } = await ask("status.json", "/api/status");
    return JSON.parse(String(bytes)).latest;
  };
  while ((await latest()) === null) await sleep(100);
  const seenFace = async () => {
    for (let tries = 1; ; tries++) {
      const [face] = (await latest()).faces;
      const answer = await ask("input.png", `/api/faces/${face?.track}/input.png`);
      // The face may have another track since the last answer.
      if (answer.status === 200 || tries === 20) return answer;
    }
  };
  const image = {
    method: "POST",
    body: readFileSync(path.join(work, "pictures/1.png")),
    headers: { "content-type": "image/png" },
  };
  const answers = {
    page: await ask("page.html", "/"),
    openapi: await ask("openapi.json", "/api/openapi.json"),
    card: await ask("card.md", "/api/card"),
    analyze: await ask("analyze.json", "/api/analyze", image),
    input: await seenFace(),
    consent: await ask("consent.json", "/api/consent?name=Ada"),
    enrolment: await ask("enrolment.json", "/api/enrolment"),
    people: await ask("people.json", "/api/people"),
    export: await ask("ada.zip", "/api/people/Ada/export.zip"),
    metrics: await ask("metrics.txt", "/metrics"),
    record: await ask("record.json", "/api/session", json("PUT", { recording: true })),
    stop: await ask("stop.json", "/api/session", json("PUT", { recording: false })),
    unknown: await ask("unknown.json", "/api/people/Nobody", { method: "DELETE" }),
    malformed: await ask("malformed.json", "/api/session", json("PUT", { recording: "maybe" })),
    missing: await ask("missing.json", "/api/nothing"),
  };
  const statuses = Object.entries(answers).map(([name, { status, type }]) => [name, status, type]);
  writeFileSync(path.join(folder, "statuses.json"), JSON.stringify(statuses));
  writeFileSync(path.join(folder, "greeting.json"), JSON.stringify(await greeting(origin)));
}

/** Messages that every page gets before any frame. */
const GREETING = 3;

/** @param {string} origin @returns {Promise<unknown[]>} what a page gets first: hello, status, enrolment. */
async function greeting(origin) {
  const socket = new WebSocket(`${origin.replace("http", "ws")}/ws`, { origin });
  /** @type {unknown[]} */
  const messages = [];
  await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data, isBinary) => {
      if (!isBinary) messages.push(JSON.parse(String(data)));
      if (messages.length === GREETING) resolve(undefined);
    });
  });
  socket.close();
  return messages.slice(0, GREETING);
}

/** @param {Server} server */
export async function useDashboard({ origin, work }) {
  const { status } = await globalThis.fetch(`${origin}/dashboard/`);
  writeFileSync(path.join(work, "dashboard.json.status"), String(status));
}
