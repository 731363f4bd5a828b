/**
 * Something that people should know and that belongs to no request: a record of a file that was
 * left out, or a setting that is not read.
 */
export interface Notice {
  readonly kind: 'notice'
  /** `warn` and `error` are shown in any case, the first of each code. */
  readonly level: 'info' | 'warn' | 'error'
  /** What happened: `S4U_KEYTAB_RECORD`. Each code is counted, and shown once. */
  readonly code: string
  /** One line, without secrets. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
}
