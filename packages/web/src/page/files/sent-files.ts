import type { FileAnalysis } from "../../file-analysis.ts";
import { callApi } from "../server/api.ts";

/** Time between two questions for the progress, in ms. */
const INTERVAL = 400;
/** How long an analysis may stay unknown before it is given up, in questions that fail in a row. */
const MAX_FAILURES = 20;

/** A file that this page has sent, or is sending. */
export interface SentFile {
  /** Unique on this page. */
  readonly key: number;
  readonly file: File;
  /** The share that was sent, 0–1. */
  readonly sent: number;
  /** What the server says of it; null until it was sent. */
  readonly analysis: FileAnalysis | null;
  /** Why it could not be sent or is lost, as a sentence; null if nothing failed. */
  readonly problem: string | null;
}

/** The files that were dropped on this page; the server analyses them one after the other. */
export class SentFiles {
  list: readonly SentFile[] = [];
  /** Called when `list` has changed. */
  onChange: (list: readonly SentFile[]) => void = () => undefined;
  #count = 0;
  /** The uploads, one after the other; never rejects. */
  #last: Promise<void> = Promise.resolve();

  /** Sends files to the server, to be analysed there. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      const key = this.#count++;
      this.#set([...this.list, { key, file, sent: 0, analysis: null, problem: null }]);
      this.#last = this.#last.then(() => this.#follow(key, file));
    }
  }

  /** Removes a file from the list, and its results from the server. */
  remove(key: number): void {
    const id = this.list.find((one) => one.key === key)?.analysis?.id;
    this.#set(this.list.filter((one) => one.key !== key));
    if (id !== undefined) void callApi("DELETE", `files/${id}`).catch(() => undefined);
  }

  /** Sends a file; its analysis is then followed while the next file is sent. */
  async #follow(key: number, file: File): Promise<void> {
    if (!this.#has(key)) return;
    try {
      const analysis = await upload(file, (sent) => this.#update(key, { sent }));
      this.#update(key, { sent: 1, analysis });
      if (this.#has(key)) void this.#watch(key, analysis);
      else void callApi("DELETE", `files/${analysis.id}`).catch(() => undefined);
    } catch (error) {
      this.#update(key, { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  async #watch(key: number, { id }: FileAnalysis): Promise<void> {
    let failures = 0;
    while (this.#has(key)) {
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
      try {
        const analysis = await callApi<FileAnalysis>("GET", `files/${id}`);
        failures = 0;
        this.#update(key, { analysis });
        if (analysis.state === "done" || analysis.state === "failed") return;
      } catch (error) {
        if (++failures < MAX_FAILURES) continue;
        this.#update(key, { problem: error instanceof Error ? error.message : String(error) });
        return;
      }
    }
  }

  #has(key: number): boolean {
    return this.list.some((one) => one.key === key);
  }

  #update(key: number, change: Partial<SentFile>): void {
    this.#set(this.list.map((one) => (one.key === key ? { ...one, ...change } : one)));
  }

  #set(list: readonly SentFile[]): void {
    this.list = list;
    this.onChange(list);
  }
}

/**
 * Sends a file; with XMLHttpRequest, because `fetch` does not tell how much was sent.
 *
 * @param onProgress called with the share that was sent, 0–1.
 */
function upload(file: File, onProgress: (sent: number) => void): Promise<FileAnalysis> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `api/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    request.onerror = () => reject(new Error("The server does not answer."));
    request.onload = () => {
      const answer = request.response as (FileAnalysis & Refusal) | null;
      if (request.status === 200 && answer !== null) resolve(answer);
      else reject(new Error(answer?.error?.message ?? request.statusText));
    };
    request.send(file);
  });
}

/** The body of an answer that is not OK. */
interface Refusal {
  readonly error?: { readonly message?: string };
}
