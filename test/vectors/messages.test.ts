import {
  decode,
  elementAt,
  EncAsRepPart,
  EncKrbCredPart,
  EncTgsRepPart,
  findPaData,
  KdcReqBody,
  KrbCred,
  KrbError,
  KrbFastReq,
  krbErrorName,
  PaType,
  TgsReq,
} from '@s4u/krb5'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { plain, readWithAsn1js } from './asn1-oracle.js'
import { messageCodec } from './message-codecs.js'

interface RecordedMessage {
  readonly what: string
  readonly type: string
  readonly bytes: string
  /**
   * False where the sender encoded a number as a negative one; encoding it again gives the positive
   * number.
   */
  readonly canonical?: boolean
}

interface Recording {
  readonly source: string
  readonly items: readonly RecordedMessage[]
}

const folder = new URL('messages/', import.meta.url)
const octets = ({ bytes }: RecordedMessage): Uint8Array => Uint8Array.from(Buffer.from(bytes, 'hex'))
const recordings = new Map(readdirSync(folder).map((file) => [file.replace('.json', ''), recording(file)]))

function recording(file: string): Recording {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
}

/** The recorded message of a type whose description has these words. */
function find(file: string, type: string, words = ''): Uint8Array {
  const found = recordings.get(file)?.items.find((item) => item.type === type && item.what.includes(words))
  if (found === undefined) throw new Error(`${file} has no ${type} ${words}`)
  return octets(found)
}

describe.each([...recordings])('messages of %s', (_name, { source, items }) => {
  test('have a source', () => {
    expect(source).not.toBe('')
  })

  test.each(items.map((item, number) => [`${number + 1}`, item.what, item] as const))(
    '%s: %s',
    (_number, _what, item) => {
      const codec = messageCodec(item.type)
      const value = codec.decode(octets(item))
      if (item.canonical === false) expect(codec.decode(codec.encode(value))).toEqual(value)
      else expect(Buffer.from(codec.encode(value)).toString('hex')).toBe(item.bytes)
      expect(plain(value)).toEqual(plain(readWithAsn1js(item.type, octets(item))))
    },
  )
})

describe('what KDCs and clients are known for', () => {
  test('MIT seals EncTGSRepPart into an AS-REP', () => {
    const bytes = find('mit', 'EncTGSRepPart', 'the sealed part of AS-REP')
    expect(plain(decode(EncAsRepPart, bytes))).toEqual(plain(decode(EncTgsRepPart, bytes)))
  })

  test('Heimdal refuses a TGS-REQ without a realm and a name', () => {
    const error = decode(KrbError, find('heimdal', 'KRB-ERROR', 'S_PRINCIPAL_UNKNOWN'))
    expect(krbErrorName(error.errorCode)).toBe('KDC_ERR_S_PRINCIPAL_UNKNOWN')
    expect([error.realm, error.sname.nameString, error.eText]).toEqual(['<unspecified realm>', [], undefined])
  })

  test('Heimdal forwards tickets in a KRB-CRED that is not encrypted', () => {
    const cred = decode(KrbCred, find('heimdal', 'KRB-CRED'))
    expect(cred.encPart.etype).toBe(0)
    const [info] = decode(EncKrbCredPart, cred.encPart.cipher).ticketInfo
    expect([info.pname?.nameString, info.prealm]).toEqual([['alice'], 'NORTH.TEST'])
    expect(info.sname?.nameString).toEqual(['krbtgt', 'NORTH.TEST'])
  })

  test('Java forwards tickets without a nonce, MIT without addresses', () => {
    expect(decode(EncKrbCredPart, find('mit', 'EncKrbCredPart', 'Java')).nonce).toBeUndefined()
    expect(decode(EncKrbCredPart, find('mit', 'EncKrbCredPart', 'libgssapi_krb5')).sAddress).toBeUndefined()
  })

  test('Heimdal sends nonces of 32 bits as negative numbers', () => {
    const negative =
      recordings.get('heimdal')?.items.filter(({ type, canonical }) => type === 'TGS-REQ' && canonical === false) ?? []
    expect(negative.length).toBeGreaterThan(0)
    for (const item of negative) expect(decode(TgsReq, octets(item)).reqBody.nonce).toBeGreaterThanOrEqual(2 ** 31)
  })

  test('MIT asks for a user in a ticket to itself by name and by X.509 user, inside of FAST', () => {
    const requests = recordings.get('mit')?.items.filter(({ type }) => type === 'KrbFastReq') ?? []
    const found = requests.map((item) => decode(KrbFastReq, octets(item))).find(({ padata }) => padata.length > 1)
    const { padata = [], reqBody } = found ?? {}
    expect(findPaData(padata, PaType.FOR_USER)).toBeDefined()
    expect(findPaData(padata, PaType.S4U_X509_USER)).toBeDefined()
    expect(reqBody?.sname?.nameString).toEqual(['HTTP', 'web.east.test'])
  })

  test('padata that nobody here knows survives', () => {
    const bytes = find('samba', 'METHOD-DATA')
    const codec = messageCodec('METHOD-DATA')
    const types = [...new Set(Object.values(PaType))]
    expect(plain(codec.decode(bytes))).toContainEqual(
      expect.objectContaining({ padataType: expect.not.toBeOneOf(types) }),
    )
    expect(codec.encode(codec.decode(bytes))).toEqual(bytes)
  })

  test('the octets of a request body are found as they were sent, however the sender encodes numbers', () => {
    const item = recordings
      .get('heimdal')
      ?.items.find(({ type, canonical }) => type === 'TGS-REQ' && canonical === false)
    if (item === undefined) throw new Error('no such recording')
    const body = elementAt(octets(item), 'req-body', 0x6c, 0x30, 0xa4)
    expect(item.bytes.endsWith(Buffer.from(body).toString('hex'))).toBe(true)
    expect(decode(KdcReqBody, body)).toEqual(decode(TgsReq, octets(item)).reqBody)
  })
})
