/** How the kiosk looks, from the address of its page. */
export interface KioskOptions {
  /** `?privacy`: neither pictures nor names are requested or shown. */
  readonly privacy: boolean;
  /** `?transparent`: only boxes and words are drawn, on a transparent background. */
  readonly transparent: boolean;
  /** `?mirror` or `?mirror=off`; null: the picture of the page's own camera is mirrored. */
  readonly mirror: boolean | null;
}

/** The options in the address of a kiosk page, as in `/kiosk?privacy&mirror=off`. */
export function kioskOptions(address: string): KioskOptions {
  const query = new URL(address).searchParams;
  const read = (name: string) => (query.has(name) ? isOn(query.get(name) ?? "") : null);
  return {
    privacy: read("privacy") ?? false,
    transparent: read("transparent") ?? false,
    mirror: read("mirror"),
  };
}

function isOn(text: string): boolean {
  return !["off", "0", "no", "false"].includes(text.toLowerCase());
}
