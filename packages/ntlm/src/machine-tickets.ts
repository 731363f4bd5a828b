import type { ServiceCredential } from '@s4u/gssapi'
import {
  createKdcClient,
  type KdcClient,
  type KdcClientOptions,
  KdcError,
  type KdcCredentials,
  KdcUnreachableError,
} from '@s4u/kdc-client'
import { ConfigurationError } from '@s4u/krb5'
import type { TicketRequest } from './controllers/channel-session.js'
import { NetlogonUnreachableError } from './errors.js'
import { type MachineAccount, machinePassword } from './machine-account.js'

/** Gets tickets of the machine account. */
export interface MachineTicketOptions {
  readonly account: MachineAccount
  /** `CORP.TEST` */
  readonly realm: string
  readonly kdc: KdcClientOptions['kdc']
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
}

/**
 * Returns a function that gets a ticket of the machine account for a controller. A password that
 * was wrong is asked for again, a keytab file is read again.
 */
export function machineTickets(options: MachineTicketOptions) {
  let current: Promise<KdcClient> | undefined
  const refresh = (): Promise<KdcClient> => (current = clientOf(options))
  return async (spn: string, { signal, fresh }: TicketRequest): Promise<ServiceCredential> => {
    const client = await (current ?? refresh())
    try {
      return await client.ticketFor(spn, { signal, fresh })
    } catch (error) {
      // What was refused is kept for some seconds: another client asks with what is right now.
      current = undefined
      throw explained(error, spn)
    }
  }
}

async function clientOf({ account, realm, kdc, now, random }: MachineTicketOptions): Promise<KdcClient> {
  const principal = `${account.name}@${realm}`
  const credentials: KdcCredentials =
    'keytab' in account
      ? { principal, keytab: account.keytab }
      : { principal, password: await machinePassword(account) }
  // Session keys of other types sign no headers of RPC.
  return createKdcClient({ credentials, realm, kdc, now, random, encryptionTypes: AES_SHA1 })
}

function explained(error: unknown, spn: string): unknown {
  const why = error instanceof Error ? error.message : 'no ticket'
  const message = `the machine account got no ticket for ${spn}: ${why}`
  if (error instanceof KdcUnreachableError)
    return new NetlogonUnreachableError(message, { code: error.code, cause: error, ...hintOf(error) })
  if (error instanceof KdcError)
    return new ConfigurationError(message, { code: error.code, cause: error, ...hintOf(error) })
  return error
}

const hintOf = ({ hint }: { readonly hint?: string | undefined }) => (hint === undefined ? {} : { hint })

/** aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96. */
const AES_SHA1 = [18, 17]
