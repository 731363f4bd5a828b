import type { Key, Keytab } from '@s4u/krb5'

/** What decoding may use, and how much it shows. */
export interface DecodingContext {
  /** Keys that open tickets and replies. */
  readonly keytab?: Keytab
  /** Shows keys, which are left out else. */
  readonly showSecrets: boolean
  /** The name of a SID, where somebody knows it. */
  readonly nameOfSid: (sid: string) => string | undefined
}

/** The keys of the keytab of one encryption type, those of the version first. */
export function keysFor({ keytab }: DecodingContext, etype: number, kvno: number | undefined): readonly Key[] {
  const entries = keytab?.entries.filter(({ key }) => key.etype === etype) ?? []
  const named = entries.filter((entry) => kvno !== undefined && (entry.kvno & 0xff) === (kvno & 0xff))
  return [...named, ...entries.filter((entry) => !named.includes(entry))].map(({ key }) => key)
}

/** The first result that does not fail: of the keys, only the right one opens something. */
export function firstThat<T, R>(candidates: readonly T[], attempt: (candidate: T) => R): R | undefined {
  for (const candidate of candidates) {
    try {
      return attempt(candidate)
    } catch {
      // The next one.
    }
  }
  return undefined
}
