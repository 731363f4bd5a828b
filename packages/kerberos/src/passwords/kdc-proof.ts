import { createAcceptor } from '@s4u/acceptor'
import { type KdcClient, tellNotice } from '@s4u/kdc-client'
import { formatPrincipal, type Keytab, type Principal, RejectedTokenError, S4uError } from '@s4u/krb5'
import { readKeytab } from '../keytabs/read-keytab.js'
import type { CheckPasswordOptions } from './check-password-options.js'

/**
 * Signs a client in, and requires the KDC to have a key that this machine has too. A KDC that an
 * attacker runs signs everybody in, with the password that the attacker has typed; it cannot make a
 * ticket that a key of ours opens. Source: MIT krb5 documentation, krb5_verify_init_creds.
 *
 * @param service the service by whose key the KDC is proved, if the keytab has it; else another
 * service of the keytab, of the user's realm if there is one
 * @throws RejectedTokenError, KdcError, MissingKeyError if the KDC does not prove itself
 */
export async function signInProved(client: KdcClient, service: string, options: CheckPasswordOptions): Promise<void> {
  const found = provingKey(service, client.realm, options)
  if ('why' in found) return signInUnproved(client, found.why, options)
  const { ticket, client: user, sessionKey } = await client.ticketFor(formatPrincipal(found.principal))
  const acceptor = createAcceptor({
    keytab: found.keytab,
    service: formatPrincipal(found.principal),
    requirePac: false,
  })
  await acceptor.identify(ticket, 'password', { client: formatPrincipal(user), sessionKey, origin: 'presented' })
}

type ProvingKey = { readonly keytab: Keytab; readonly principal: Principal } | { readonly why: string }

/** Returns the key that can prove the KDC, or why there is none. */
function provingKey(service: string, realm: string, { keytab: source, krb5Config }: CheckPasswordOptions): ProvingKey {
  let keytab: Keytab
  try {
    keytab = readKeytab(source, krb5Config)
  } catch (error) {
    // A keytab that the program names must be there.
    if (source !== undefined || !S4uError.is(error)) throw error
    return { why: error.message }
  }
  const principals = keytab.entries.map(({ principal }) => principal)
  const named = principals.find((one) => formatPrincipal(one).startsWith(`${service}@`))
  const others = principals.filter(({ name }) => name.nameString.length === 2)
  // A typed name may say a realm of its writer: its KDC must lead to a key of ours all the same.
  const principal = named ?? others.find(({ realm: of }) => of === realm) ?? others[0]
  return principal === undefined ? { why: 'the keytab has no key of a service' } : { keytab, principal }
}

async function signInUnproved(
  client: KdcClient,
  why: string,
  { requireProof = false }: CheckPasswordOptions,
): Promise<void> {
  if (requireProof) throw unprovable(why)
  // For the sign-in alone: what the KDC gives is not used.
  await client.ticketFor(`krbtgt/${client.realm}`)
  const message = `a password was checked, and nothing proves that the right KDC has answered: ${why}`
  tellNotice({ kind: 'notice', level: 'warn', code: 'S4U_KDC_UNPROVEN', message, hint: HINT })
}

function unprovable(why: string): RejectedTokenError {
  return new RejectedTokenError(`the password cannot be believed, since nothing proves the KDC: ${why}`, {
    code: 'KRB_AP_ERR_NOKEY',
    status: 500,
    hint: HINT,
  })
}

const HINT = 'Give this machine a keytab with a key of its own in the realm (option keytab, or KRB5_KTNAME).'
