import { ConfigurationError, type EtypeInfo2Entry, Key, type Principal } from '@s4u/krb5'
import { parseSignInName, type SignIn } from './authority.js'

export interface PasswordCredentials {
  readonly principal: string
  readonly password: string
  readonly enterprise?: boolean
}

/**
 * Returns an account that signs in with a password.
 *
 * @throws MalformedTokenError for a wrong name; ConfigurationError for a wrong password
 */
export function passwordAuthority(
  { principal: name, password, enterprise }: PasswordCredentials,
  realm: string | undefined,
  etypes: readonly number[],
): SignIn {
  requirePassword(password)
  const principal = parseSignInName(name, realm, enterprise)
  const keys = new DerivedKeys(password, principal)
  return {
    kind: 'sign-in',
    isGuessable: true,
    principal,
    credentials: { kind: 'password' },
    etypes,
    keyFor: (info) => keys.get(info),
    // The version of a password's key is unknown, so each key is tried.
    keysFor: async (etype) => ({ exact: false, keys: await keys.of(etype) }),
    learn: (info) => keys.learn(info),
    describeKeys: () => 'it was made of the password',
  }
}

/** `null` from a form or a file would otherwise become the password "null". */
function requirePassword(password: unknown): void {
  if (typeof password === 'string') return
  throw new ConfigurationError('credentials: the password must be a text', {
    hint: 'Look whether the environment variable or the field of the form is there.',
  })
}

/** The keys of one password. Each is derived once. */
class DerivedKeys {
  readonly #derived = new Map<string, { readonly etype: number; readonly key: Promise<Key> }>()
  readonly #password: string
  readonly #standardSalt: string
  #lastSalt: string
  /**
   * What the KDC last said about each type. A ticket may be encrypted with a key of another type
   * than the reply that it came in.
   */
  readonly #said = new Map<number, EtypeInfo2Entry>()

  constructor(password: string, { realm, name }: Principal) {
    this.#password = password
    this.#standardSalt = realm + name.nameString.join('')
    this.#lastSalt = this.#standardSalt
  }

  /**
   * Only the salt that the KDC sends is right: an account keeps its salt when it is renamed.
   * Source: MS-KILE section 3.1.1.2.
   */
  get({ etype, salt, s2kparams }: EtypeInfo2Entry): Promise<Key> {
    if (salt !== undefined) this.#lastSalt = salt
    const usedSalt = salt ?? this.#standardSalt
    const cached = JSON.stringify([etype, usedSalt, s2kparams ? [...s2kparams] : null])
    const known = this.#derived.get(cached)
    if (known) return known.key
    const key = Key.fromPassword(etype, this.#password, usedSalt, s2kparams)
    // Salts come from messages that nothing authenticates. An attacker who sends new ones all the
    // time must not fill the memory.
    if (this.#derived.size >= MAX_DERIVED) this.#derived.clear()
    this.#derived.set(cached, { etype, key })
    key.catch(() => this.#derived.delete(cached))
    return key
  }

  learn(info: readonly EtypeInfo2Entry[]): void {
    for (const entry of info) this.#said.set(entry.etype, entry)
  }

  /**
   * Returns the keys of one type. If the sign-in used another type, the KDC has usually told the
   * salt of this one as well, and it is usually the same.
   */
  async of(etype: number): Promise<readonly Key[]> {
    const known = [...this.#derived.values()].filter((one) => one.etype === etype).map(({ key }) => key)
    const settled = await Promise.allSettled(known.length > 0 ? known : [this.#derive(etype)])
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }

  async #derive(etype: number): Promise<Key> {
    return this.get(this.#said.get(etype) ?? { etype, salt: this.#lastSalt })
  }
}

/** Enough for one key of each encryption type, and for a few changes of the password. */
const MAX_DERIVED = 32
