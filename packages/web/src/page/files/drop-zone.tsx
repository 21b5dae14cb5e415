import { useEffect, useState } from "preact/hooks";

/** Takes files that are dropped anywhere on the page, and says so while they are dragged over it. */
export function DropZone({ onFiles }: { readonly onFiles: (files: Iterable<File>) => void }) {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const removal = new AbortController();
    const { signal } = removal;
    const holdsFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files");
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      // Without this, the browser would open the file in place of the page.
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setIsOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setIsOver(false);
      onFiles(event.dataTransfer?.files ?? []);
    };
    addEventListener("dragover", over, { signal });
    addEventListener("dragleave", leave, { signal });
    addEventListener("drop", drop, { signal });
    return () => removal.abort();
  }, []);
  if (!isOver) return null;
  return (
    <div class="drop-over" aria-hidden="true">
      <p>Drop images and films to analyse them here</p>
    </div>
  );
}
