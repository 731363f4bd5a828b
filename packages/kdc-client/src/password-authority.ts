import { Key } from '@s4u/krb5'
import { parseSignInName, type SignIn } from './sign-in.js'

export interface PasswordCredentials {
  readonly principal: string
  readonly password: string
  readonly enterprise?: boolean
}

/** @throws MalformedTokenError for what is no name */
export function passwordAuthority(
  { principal: name, password, enterprise }: PasswordCredentials,
  realm: string | undefined,
  etypes: readonly number[],
): SignIn {
  const principal = parseSignInName(name, realm, enterprise)
  const derived = new Map<string, Promise<Key>>()
  return {
    kind: 'sign-in',
    principal,
    etypes,
    keyFor: ({ etype, salt, s2kparams }) => {
      // The salt that the KDC sends is the only right one: accounts keep theirs when they are renamed. Source: MS-KILE section 3.1.1.2.
      const usedSalt = salt ?? principal.realm + principal.name.nameString.join('')
      const cached = JSON.stringify([etype, usedSalt, s2kparams ? [...s2kparams] : null])
      const known = derived.get(cached)
      if (known) return known
      const key = Key.fromPassword(etype, password, usedSalt, s2kparams)
      // Salts come from unproven messages: whoever sends ever new ones fills no memory with it.
      if (derived.size >= MAX_DERIVED) derived.clear()
      derived.set(cached, key)
      key.catch(() => derived.delete(cached))
      return key
    },
  }
}

/** One for each encryption type and a change of password or two. */
const MAX_DERIVED = 32
