import { readFileSync } from 'node:fs'
import {
  AdType,
  AuthorizationData,
  decodeCcache,
  encode,
  encodeCcache,
  encodePac,
  EncTicketPart,
  type Key,
  Keytab,
  KeyUsage,
  type LogonInfo,
  openTicket,
  type PacContents,
  PacBufferType,
  sealEncryptedData,
} from '@s4u/krb5'
import { pacOf } from './sealed-ticket.js'

const SIGNATURES: readonly number[] = [PacBufferType.SERVER_CHECKSUM, PacBufferType.KDC_CHECKSUM]

/**
 * What whoever runs a KDC can do: a credential cache whose TGT has a PAC of its own making, signed
 * with krbtgt's key.
 */
export function forgedCache(
  ccache: string,
  everyKey: string,
  rewrite: (info: LogonInfo) => LogonInfo,
  more: Partial<PacContents> = {},
): Uint8Array {
  const cache = decodeCcache(readFileSync(ccache))
  const credentials = cache.credentials.map((credential) => {
    const { ticket } = credential
    const key = krbtgtKey(everyKey, ticket.realm, ticket.encPart.etype)
    const part = openTicket(ticket, key).encTicketPart
    const forged = { ...part, authorizationData: withPac(part, key, rewrite, more) }
    const encPart = sealEncryptedData(
      encode(EncTicketPart, forged),
      key,
      KeyUsage.TICKET,
      undefined,
      ticket.encPart.kvno,
    )
    return { ...credential, ticket: { ...ticket, encPart } }
  })
  return encodeCcache({ ...cache, credentials })
}

function withPac(
  part: EncTicketPart,
  key: Key,
  rewrite: (info: LogonInfo) => LogonInfo,
  more: Partial<PacContents>,
): AuthorizationData {
  const pac = pacOf(part)
  if (pac?.logonInfo === undefined) throw new Error('the TGT has no PAC')
  const replaced = [...SIGNATURES, PacBufferType.LOGON_INFO, ...(more.upnDnsInfo ? [PacBufferType.UPN_DNS_INFO] : [])]
  const other = pac.buffers.filter(({ type }) => !replaced.includes(type))
  const contents = { ...more, logonInfo: rewrite(pac.logonInfo), other }
  const adData = encodePac(contents, { server: key, kdc: key })
  const inner = encode(AuthorizationData, [{ adType: AdType.WIN2K_PAC, adData }])
  return [{ adType: AdType.IF_RELEVANT, adData: inner }]
}

function krbtgtKey(everyKey: string, realm: string, etype: number): Key {
  const { entries } = Keytab.decode(readFileSync(everyKey))
  // Samba writes the account's name, and the service's where it is asked for that.
  const names = ['krbtgt', `krbtgt/${realm}`]
  const entry = entries.find(
    ({ principal: { name }, key }) => names.includes(name.nameString.join('/')) && key.etype === etype,
  )
  if (entry === undefined) throw new Error(`${everyKey} has no key of krbtgt/${realm}`)
  return entry.key
}
