import { type EtypeInfo2Entry, type Key, RejectedTokenError } from '@s4u/krb5'
import { requestTgt } from '../as-exchange/as-exchange.js'
import { type ClientSetupOptions, setUpClient } from '../client/client-setup.js'
import type { SignIn } from '../credentials/authority.js'
import { signInArmorOf } from '../fast/armor-use.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/** A key with which an account has signed in. */
export interface ProvenKey {
  readonly key: Key
  /** The version that the KDC tells in its reply; MIT tells none. */
  readonly kvno?: number
  readonly tgt: ServiceTicket
}

/**
 * Signs in once with one encryption type, and returns the key that the KDC took.
 *
 * @throws as a sign-in does: KdcError KDC_ERR_PREAUTH_FAILED for a wrong key
 */
export async function proveKey(options: ClientSetupOptions, signal: AbortSignal | undefined): Promise<ProvenKey> {
  const { context, authority, armor: use } = setUpClient(options, signal)
  if (authority.kind !== 'sign-in') throw new TypeError('these credentials sign in nowhere')
  const seen: { key?: Key; kvno?: number } = {}
  const watched: SignIn = {
    ...authority,
    // The getter of a keytab's types would be lost with the spread.
    etypes: authority.etypes,
    async keyFor(info: EtypeInfo2Entry, kvno?: number) {
      seen.key = await authority.keyFor(info, kvno)
      if (kvno !== undefined) seen.kvno = kvno
      return seen.key
    },
  }
  const armor = signInArmorOf(use)
  const { tgt } = await requestTgt(context, watched, { again: true, ...(typeof armor === 'object' && { armor }) })
  const { key, kvno } = seen
  if (key === undefined)
    throw new RejectedTokenError('the KDC has asked for no key of the account', { code: 'KRB_AP_ERR_BADMATCH' })
  return { key, tgt, ...(kvno !== undefined && { kvno }) }
}
