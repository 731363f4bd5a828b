/** Where a platform shows texts without a logger. */
export interface Outlets {
  /** `debuglog('s4u')` of `node:util`. */
  readonly debug: { readonly enabled: boolean; (format: string, text: string): void }
  /** `process.emitWarning`. */
  readonly warn: (text: string) => void
}
