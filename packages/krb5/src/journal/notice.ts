/** Something that people are to hear of and that belongs to no exchange: a record of a file that was left out, a setting that is not read. */
export interface Notice {
  readonly kind: 'notice'
  /** `warn` and `error` are told in any case, the first of each code. */
  readonly level: 'info' | 'warn' | 'error'
  /** What it is counted by, and told once by: `S4U_KEYTAB_RECORD`. */
  readonly code: string
  /** In one line, without secrets. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
}
