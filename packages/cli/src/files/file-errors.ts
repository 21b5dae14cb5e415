import { getSystemErrorMap } from "node:util";
import { MienError, messageOf } from "@mien/format";

/** What the user can do about an error of the file system, by its code. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "Check the permissions of the folder, or name another one.",
  EPERM: "Check the permissions of the folder, or name another one.",
  EROFS: "Name a folder on a disk that can be written to.",
  ENOTDIR: "A part of the path is a file, not a folder. Name another path.",
  EEXIST: "Something else has this name already. Name another path, or move it away.",
  EISDIR: "The path is a folder, not a file. Name a file.",
  ENAMETOOLONG: "Choose a shorter name; most file systems take 255 bytes.",
  ENOENT: "Check that the path is spelt correctly and that the file was not moved.",
  ENOSPC: "Free some space, or name a folder on another disk.",
  EDQUOT: "Free some space, or name a folder on another disk.",
  EFBIG: "The file system does not take files of this size. Name another disk.",
  ELOOP: "The path has a circle of symbolic links. Name another path.",
  EMFILE: "Too many files are open. Close other programs, or raise the limit (ulimit -n).",
  ENFILE: "Too many files are open. Close other programs.",
  EBUSY: "Another program uses the file. Close it and try again.",
  EXDEV: "Name a folder on the same disk.",
  ENOTEMPTY: "Name another folder, or empty this one.",
  EIO: "The disk reports a fault. Check its cables and its health, or name another disk.",
  EILSEQ: "The file system cannot store this name. Choose letters and digits.",
  EINVAL: "The file system cannot store this name. Choose letters and digits.",
};

/** The failed operation in words, by the name of its system call. */
const ACTIONS: Readonly<Record<string, string>> = {
  mkdir: "cannot make the folder",
  mkdtemp: "cannot make the folder",
  open: "cannot open",
  read: "cannot read",
  write: "cannot write",
  scandir: "cannot list the folder",
  rename: "cannot rename",
  link: "cannot link",
  copyfile: "cannot copy",
  unlink: "cannot delete",
  rm: "cannot delete",
  rmdir: "cannot delete the folder",
};

/** An error of Node's file functions; `dest` is the target path, for example of a rename. */
interface FileSystemError extends NodeJS.ErrnoException {
  readonly dest?: string;
}

/**
 * Explains an error of the file system.
 *
 * @param error anything thrown.
 * @returns for an error of Node's file functions, a `MienError` of code `environment` with the
 * path, the cause in words and what to do; undefined for anything else.
 */
export function fileError(error: unknown): MienError | undefined {
  if (!(error instanceof Error) || error instanceof MienError) return undefined;
  const { code, errno, syscall, path, dest }: FileSystemError = error;
  const advice = code === undefined ? undefined : ADVICE[code];
  // Errors of sockets have codes that are not listed above; errors of child processes have a system
  // call that begins with "spawn".
  if (advice === undefined || syscall === undefined || syscall.startsWith("spawn"))
    return undefined;
  // Without a path, the error is about a file that is already open. Unless the disk is full or
  // broken, it is a bug.
  if (path === undefined && !["ENOSPC", "EDQUOT", "EFBIG", "EIO"].includes(code ?? "")) {
    return undefined;
  }
  const cause = getSystemErrorMap().get(errno ?? 0)?.[1] ?? code;
  const action = ACTIONS[syscall] ?? "cannot use";
  const place = dest ?? path;
  return new MienError(
    "environment",
    `${action}${place === undefined ? "" : ` ${place}`}: ${cause}`,
    { advice, cause: error },
  );
}

/**
 * The error for a file or folder that cannot be written.
 *
 * @param place the path.
 * @param error what the file system, or the source of the content, threw.
 * @returns a `MienError` of code `environment` with the path, the cause and what to do; `error` itself
 * if it is a `MienError`.
 */
export function cannotWrite(place: string, error: unknown): MienError {
  if (error instanceof MienError) return error;
  const { message = messageOf(error), advice } = fileError(error) ?? {};
  return new MienError("environment", `cannot write ${place}: ${message}`, {
    advice: advice ?? "Check that the folder may be written to and that the disk has space.",
    cause: error,
  });
}
