import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Every file and folder under the root whose name or content contains the text. */
export async function filesWith(root: string, text: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    const content = entry.isFile() ? await readFile(file) : Buffer.alloc(0);
    if (entry.name.includes(text) || content.includes(text)) found.push(file);
  }
  return found;
}
