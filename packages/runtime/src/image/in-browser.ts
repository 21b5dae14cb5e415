/** A type of the browser; `never` in a program that is compiled without the library `dom`. */
export type InBrowser<Name extends string> =
  typeof globalThis extends Readonly<Record<Name, { readonly prototype: infer Instance }>>
    ? Instance
    : never;
