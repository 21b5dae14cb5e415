import { MienError } from "@mien/format";

/** Type of a section that holds symbols for the dynamic linker. */
const DYNAMIC_SYMBOLS = 11;
/** Type of a section without content in the file, whose memory is zero. */
const NO_CONTENT = 8;
/** Bytes of a symbol, and of a section header. */
const SYMBOL = 24;
const SECTION = 64;

interface Section {
  readonly type: number;
  /** Address in memory. */
  readonly address: number;
  /** Place in the file. */
  readonly offset: number;
  readonly size: number;
  /** Number of the section that holds the names of symbols. */
  readonly link: number;
}

/**
 * Reads the float32 arrays that a shared library of 64-bit Linux exports, by the names of their
 * symbols.
 *
 * @param bytes content of the library, an ELF file with little-endian numbers.
 * @param file its name, for errors.
 * @returns all exported symbols of which the file holds at least four bytes; those that are no
 * floats, too.
 * @throws {MienError} `bad-data` if it is not such a file.
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 */
export function readElfArrays(bytes: Uint8Array, file: string): Map<string, Float32Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    // The magic number, 64 bits, little-endian.
    if (view.getUint32(0) !== 0x7f454c46 || view.getUint16(4) !== 0x0201) throw new RangeError();
    const sections = readSections(view);
    const found = new Map<string, Float32Array>();
    for (const symbols of sections.filter(({ type }) => type === DYNAMIC_SYMBOLS)) {
      const names = sections[symbols.link]?.offset ?? 0;
      for (let at = symbols.offset; at < symbols.offset + symbols.size; at += SYMBOL) {
        const address = number64(view, at + 8);
        const length = Math.floor(number64(view, at + 16) / 4);
        const home = sections.find(
          (one) =>
            one.type !== NO_CONTENT &&
            one.address > 0 &&
            address >= one.address &&
            address + 4 * length <= one.address + one.size,
        );
        if (home === undefined || length === 0) continue;
        const start = home.offset + address - home.address;
        found.set(
          nameAt(bytes, names + view.getUint32(at, true)),
          Float32Array.from({ length }, (_, i) => view.getFloat32(start + 4 * i, true)),
        );
      }
    }
    return found;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MienError("bad-data", `${file} is not a shared library of 64-bit Linux`, {
      cause: error,
    });
  }
}

function readSections(view: DataView): Section[] {
  const headers = number64(view, 0x28);
  return Array.from({ length: view.getUint16(0x3c, true) }, (_, i) => {
    const at = headers + i * SECTION;
    return {
      type: view.getUint32(at + 4, true),
      address: number64(view, at + 16),
      offset: number64(view, at + 24),
      size: number64(view, at + 32),
      link: view.getUint32(at + 40, true),
    };
  });
}

function number64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** The text up to the next zero byte. */
function nameAt(bytes: Uint8Array, start: number): string {
  return new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
}
