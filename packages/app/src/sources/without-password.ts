/** A text without the user names and passwords of the addresses in it, to be shown or stored. */
export function withoutPassword(text: string): string {
  return text.replace(/:\/\/[^/?#\s]*@/g, "://");
}
