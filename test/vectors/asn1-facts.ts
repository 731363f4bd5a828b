import {
  decode,
  encode,
  EncAsRepPart,
  EncTgsRepPart,
  Key,
  KerberosFlags,
  KerberosTime,
  Ticket,
  UInt32,
} from '@s4u/krb5'

interface Asn1Fact {
  /** How the fact begins in rfc-vectors.json. */
  readonly words: string
  readonly holds: () => boolean
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

export const asn1Facts: readonly Asn1Fact[] = [
  {
    words: 'KerberosFlags are BIT STRINGs of at least 32 bits',
    holds: () =>
      hex(decode(KerberosFlags, octets('0306004000000080'))) === '4000000080' &&
      hex(decode(KerberosFlags, octets('03020640'))) === '40000000' &&
      throws(() => encode(KerberosFlags, new Uint8Array(3))),
  },
  {
    words: 'Int32/UInt32 may be encoded in up to 5 octets',
    holds: () =>
      decode(UInt32, octets('020500ffffffff')) === 0xffff_ffff && decode(UInt32, octets('0201ff')) === 0xffff_ffff,
  },
  {
    words: 'KerberosTime has no fractional seconds',
    holds: () =>
      Buffer.from(encode(KerberosTime, 1_999)).toString('latin1', 2) === '19700101000001Z' &&
      throws(() => decode(KerberosTime, Buffer.from('\x18\x1119700101000001.5Z', 'latin1'))),
  },
  {
    words: 'AS-REP enc-part may carry APPLICATION 26',
    holds: () => decode(EncAsRepPart, encode(EncTgsRepPart, encKdcRepPart)).nonce === encKdcRepPart.nonce,
  },
  {
    words: 'kvno is UInt32 in RFC 4120',
    holds: () =>
      decode(Ticket, encode(Ticket, { ...ticket, encPart: { ...ticket.encPart, kvno: -1 } })).encPart.kvno === -1,
  },
]

const name = { nameType: 1, nameString: ['a'] }
const ticket = { realm: 'R', sname: name, encPart: { etype: 18, cipher: new Uint8Array(4) } }
const flags = new Uint8Array(4)
const encKdcRepPart = {
  ...{ key: Key.random(18), lastReq: [], nonce: 7, flags, authtime: 0, endtime: 0 },
  ...{ srealm: 'R', sname: name },
}

function throws(action: () => unknown): boolean {
  try {
    action()
    return false
  } catch {
    return true
  }
}
