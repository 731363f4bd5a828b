import { closeOptions, DEFAULT_ETYPES, type KeytabEntry, type Principal } from '@s4u/krb5'
import { createKdcClient } from '../client/create-kdc-client.js'
import { KdcError } from '../errors/kdc-errors.js'
import { isForwardable } from '../tickets/service-ticket.js'
import { DERIVE_ACCOUNT_KEYS_OPTIONS, type DeriveAccountKeysOptions } from './account-keys-options.js'
import { type ProvenKey, proveKey } from './proven-key.js'

/** The keys of an account, as the KDC has them now. */
export interface AccountKeys {
  /** The account, as the KDC names it. */
  readonly principal: Principal
  /** Undefined where the KDC does not tell it. */
  readonly kvno: number | undefined
  readonly keys: readonly KeytabEntry['key'][]
}

/**
 * Derives the keys of an account from its password, for each encryption type with the salt that the
 * KDC tells. The salt is not always made of the name: it stays when an account is renamed, and some
 * KDCs choose it at random. Each key is proven by signing in with it.
 *
 * @example
 * ```ts
 * import { deriveAccountKeys } from '@s4u/kdc-client'
 * import { Keytab } from '@s4u/krb5'
 *
 * const password = process.env['PASSWORD'] ?? ''
 * const account = await deriveAccountKeys({ principal: 'svc-web@AD.TEST', password })
 * const { principal, kvno = 1, keys } = account
 * const keytab = new Keytab(keys.map((key) => ({ principal, kvno, key, timestamp: Date.now() })))
 * ```
 *
 * @throws KdcError KDC_ERR_PREAUTH_FAILED after one attempt with a wrong password;
 * KDC_ERR_ETYPE_NOSUPP where the account has no key of these types; KdcUnreachableError
 */
export async function deriveAccountKeys(given: DeriveAccountKeysOptions): Promise<AccountKeys> {
  const options = closeOptions('deriveAccountKeys', given, DERIVE_ACCOUNT_KEYS_OPTIONS)
  const { principal, password, signal, encryptionTypes = DEFAULT_ETYPES, ...asking } = options
  const credentials = { principal, password }
  const proven: ProvenKey[] = []
  let refusal: unknown
  for (const etype of encryptionTypes) {
    try {
      proven.push(await proveKey({ ...asking, credentials, encryptionTypes: [etype] }, signal))
    } catch (error) {
      if (!isOfType(error)) throw error
      refusal = error
    }
  }
  const [first] = proven
  if (first === undefined) throw refusal
  const told = proven.find(({ kvno }) => kvno !== undefined)?.kvno
  const kvno = told ?? (await versionByTicket({ ...asking, credentials }, first, signal))
  return Object.freeze({ principal: first.tgt.client, kvno, keys: proven.map(({ key }) => key) })
}

/** The account has no key of this type, or the KDC none at all. */
function isOfType(error: unknown): boolean {
  return error instanceof KdcError && error.code === 'KDC_ERR_ETYPE_NOSUPP'
}

/** A ticket for the account itself tells the version, where the KDC gives such tickets. */
async function versionByTicket(
  options: Parameters<typeof createKdcClient>[0],
  { tgt }: ProvenKey,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const client = createKdcClient({ ...options, forwardable: isForwardable(tgt) })
  try {
    const { ticket } = await client.ticketFor(client.principal, signal && { signal })
    return ticket.encPart.kvno
  } catch (error) {
    if (error instanceof KdcError) return undefined
    throw error
  }
}
