/** Names of the packages, and what to do on Windows. */
const PACKAGES = {
  ffmpeg: {
    debian: "ffmpeg",
    fedora: "ffmpeg-free",
    brew: "ffmpeg",
    windows: "winget install Gyan.FFmpeg",
  },
  libfreenect: {
    debian: "libfreenect0.5",
    fedora: "libfreenect",
    brew: "libfreenect",
    windows: "vcpkg install libfreenect, then set MIEN_LIBFREENECT to freenect.dll",
  },
} as const;

/** A sentence that says how to install a program or library on this platform. */
export function installHint(
  what: keyof typeof PACKAGES,
  platform: NodeJS.Platform = process.platform,
): string {
  const { debian, fedora, brew, windows } = PACKAGES[what];
  if (platform === "darwin") return `Install it: brew install ${brew}.`;
  if (platform === "win32") return `Install it: ${windows}.`;
  return (
    `Install it: sudo apt install ${debian} (Debian, Ubuntu) ` +
    `or sudo dnf install ${fedora} (Fedora).`
  );
}
