import { ConfigurationError, type EtypeInfo2Entry, Key, type Principal } from '@s4u/krb5'
import { parseSignInName, type SignIn } from './authority.js'

export interface PasswordCredentials {
  readonly principal: string
  readonly password: string
  readonly enterprise?: boolean
}

/** @throws MalformedTokenError for what is no name; ConfigurationError for what is no password */
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
    // No version is known of a password: it is tried.
    keysFor: async (etype) => ({ exact: false, keys: await keys.of(etype) }),
    learn: (info) => keys.learn(info),
    describeKeys: () => 'it was made of the password',
  }
}

/** `null` of a form or a file would be the password "null". */
function requirePassword(password: unknown): void {
  if (typeof password === 'string') return
  throw new ConfigurationError('credentials: the password must be a text', {
    hint: 'Look whether the environment variable or the field of the form is there.',
  })
}

/** The keys of a password, each derived once. */
class DerivedKeys {
  private readonly derived = new Map<string, { readonly etype: number; readonly key: Promise<Key> }>()
  private readonly password: string
  private readonly standardSalt: string
  private lastSalt: string
  /**
   * What the KDC last said of each type: the ticket that it gives may be sealed with a key of
   * another type than the reply.
   */
  private readonly said = new Map<number, EtypeInfo2Entry>()

  constructor(password: string, { realm, name }: Principal) {
    this.password = password
    this.standardSalt = realm + name.nameString.join('')
    this.lastSalt = this.standardSalt
  }

  /**
   * The salt that the KDC sends is the only right one: accounts keep theirs when they are renamed.
   * Source: MS-KILE section 3.1.1.2.
   */
  get({ etype, salt, s2kparams }: EtypeInfo2Entry): Promise<Key> {
    if (salt !== undefined) this.lastSalt = salt
    const usedSalt = salt ?? this.standardSalt
    const cached = JSON.stringify([etype, usedSalt, s2kparams ? [...s2kparams] : null])
    const known = this.derived.get(cached)
    if (known) return known.key
    const key = Key.fromPassword(etype, this.password, usedSalt, s2kparams)
    // Salts come from unproven messages: whoever sends ever new ones fills no memory with it.
    if (this.derived.size >= MAX_DERIVED) this.derived.clear()
    this.derived.set(cached, { etype, key })
    key.catch(() => this.derived.delete(cached))
    return key
  }

  learn(info: readonly EtypeInfo2Entry[]): void {
    for (const entry of info) this.said.set(entry.etype, entry)
  }

  /**
   * Those of one type. When signing in took another, the KDC has mostly said what that one's salt
   * is, and it mostly is the same.
   */
  async of(etype: number): Promise<readonly Key[]> {
    const known = [...this.derived.values()].filter((one) => one.etype === etype).map(({ key }) => key)
    const settled = await Promise.allSettled(known.length > 0 ? known : [this.derive(etype)])
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }

  private async derive(etype: number): Promise<Key> {
    return this.get(this.said.get(etype) ?? { etype, salt: this.lastSalt })
  }
}

/** One for each encryption type and a change of password or two. */
const MAX_DERIVED = 32
