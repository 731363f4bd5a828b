import { createInitiator } from '@s4u/gssapi'
import { createKdcClient, type ServiceTicket } from '@s4u/kdc-client'
import { encode, flattenAuthorizationData, type Keytab, openTicket, Ticket } from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { beforeAll, describe, expect, test } from 'vitest'
import { layOut } from '../terminal/page.js'
import { decodedTree } from './decoded-tree.js'
import { nameWithoutDirectory } from './group-names.js'

let realm: TestRealm
let ticket: ServiceTicket
let token: Uint8Array
/** Requests and replies in turn, as they were on the wire. */
const wire: Uint8Array[] = []

beforeAll(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland', groups: ['Sales'], displayName: 'Alice\u{1b}[31m' } },
    services: { web: { spns: ['HTTP/web.ad.test'], password: 'web-password' } },
  })
  const client = createKdcClient({
    credentials: { principal: 'alice@AD.TEST', password: 'wonderland' },
    async kdc(request, options) {
      const reply = await realm.transport(request, options)
      wire.push(request, reply)
      return reply
    },
  })
  ticket = await client.ticketFor('HTTP/web.ad.test')
  const begun = createInitiator({ ticket, now: () => realm.now }).token
  token = begun
})

function shown(input: Uint8Array | string, options: { keytab?: Keytab; showSecrets?: boolean } = {}): string {
  const octets = typeof input === 'string' ? new TextEncoder().encode(input) : input
  const context = { showSecrets: false, nameOfSid: nameWithoutDirectory, ...options }
  const { tree, received } = decodedTree(octets, context)
  return `${received.writtenAs}\n${layOut([{ kind: 'tree', root: tree }], { width: Infinity, hasColours: false })}`
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

describe('a token', () => {
  test.each([
    ['as it is', () => token, 'binary'],
    ['in base64', () => base64(token), 'base64'],
    ['in lines of base64', () => base64(token).replace(/.{64}/g, '$&\n'), 'base64'],
    ['in base64 for URLs', () => Buffer.from(token).toString('base64url'), 'base64'],
    ['in hexadecimal', () => hex(token), 'hexadecimal'],
    ['in hexadecimal with colons', () => hex(token).replace(/..(?!$)/g, '$&:'), 'hexadecimal'],
    ['in a header', () => `Authorization: Negotiate ${base64(token)}\r\n`, 'base64'],
    ['in the value of a header', () => `Negotiate ${base64(token)}`, 'base64'],
  ])('%s is found by itself', (_, input, writtenAs) => {
    const text = shown(input())
    expect(text).toMatch(new RegExp(`^${writtenAs}\n`))
    expect(text).toContain('NegTokenInit')
    expect(text).toContain('ticket: HTTP/web.ad.test@AD.TEST')
    expect(text).toContain('not opened')
    expect(text).not.toContain('alice')
  })

  test('is opened with the keytab of the service, groups by name, without its keys', () => {
    const text = shown(token, { keytab: realm.keytabFor('web') })
    expect(text).toContain('client: alice@AD.TEST')
    expect(text).toContain('account: AD\\alice')
    expect(text).toContain('-513 (Domain Users)')
    expect(text).toContain('flags: MUTUAL, REPLAY, SEQUENCE, CONF, INTEG')
    expect(text).toContain('session key: aes256-cts-hmac-sha1-96\n')
    expect(text).not.toContain(hex(ticket.sessionKey.exposeSecretBytes()))
    const secret = shown(token, { keytab: realm.keytabFor('web'), showSecrets: true })
    expect(secret).toContain(hex(ticket.sessionKey.exposeSecretBytes()))
  })

  test('names what a user has put into a name without obeying it', () => {
    const text = shown(token, { keytab: realm.keytabFor('web') })
    expect(text).toContain('Alice\\u{1b}[31m')
    expect(text).not.toContain('\u{1b}')
  })

  test('that is cut is refused, and what is missing is said', () => {
    expect(() => shown(token.subarray(0, 100))).toThrow(/expected a length of at most 96/)
  })
})

describe('messages', () => {
  test('of a sign-in and of a request for a ticket are told apart', () => {
    expect(wire.map((octets) => shown(octets).split('\n')[1])).toEqual([
      'AS-REQ',
      'KRB-ERROR',
      'AS-REQ',
      'AS-REP',
      'TGS-REQ',
      'TGS-REP',
    ])
  })

  test('are read with the length that TCP puts before them, several too', () => {
    const framed = wire.map((octets) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(octets.length)
      return Buffer.concat([length, octets])
    })
    expect(shown(framed[1])).toBe(shown(wire[1]))
    expect(shown(Buffer.concat(framed.slice(0, 2)))).toContain('messages of a TCP connection\n├─ AS-REQ\n')
  })

  test('of a refusal say the code, and what the KDC wants', () => {
    const text = shown(wire[1])
    expect(text).toContain('code: KDC_ERR_PREAUTH_REQUIRED (25)')
    expect(text).toContain('aes256-cts-hmac-sha1-96: salt AD.TESTalice')
  })

  test('show the NTSTATUS in a refusal', async () => {
    realm.change('alice', { disabled: true })
    const answer = await realm.transport(wire[2])
    realm.change('alice', { disabled: false })
    expect(shown(answer)).toContain('NTSTATUS: STATUS_ACCOUNT_DISABLED (0xC0000072)')
  })
})

describe('other kinds', () => {
  test('a ticket, and the PAC in it', () => {
    const octets = encode(Ticket, ticket.ticket)
    expect(shown(octets)).toContain('Ticket: HTTP/web.ad.test@AD.TEST')
    const [{ key }] = realm.keytabFor('web').entries
    const { encTicketPart } = openTicket(ticket.ticket, key)
    const pac = flattenAuthorizationData(encTicketPart.authorizationData ?? []).find(({ adType }) => adType === 128)
    expect(shown(pac?.adData ?? '')).toContain('LOGON_INFO')
  })

  test('a keytab, without its keys', () => {
    const file = realm.keytabFile('web')
    const text = shown(file)
    expect(text).toContain('keytab: 4 keys')
    const [{ key }] = realm.keytabFor('web').entries
    expect(text).not.toContain(hex(key.exposeSecretBytes()))
    expect(shown(file, { showSecrets: true })).toContain(hex(key.exposeSecretBytes()))
  })

  test('NTLM, which is told to be no Kerberos', () => {
    expect(shown('Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAA=')).toContain('NTLM: NEGOTIATE')
  })

  test('a structure of no known kind, by its elements', () => {
    expect(shown('30030201ff')).toBe(
      'hexadecimal\nASN.1 structure of no known kind: 5 octets\n└─ SEQUENCE\n   └─ INTEGER: -1\n',
    )
  })

  test.each([['hello'], ['zz'], [''], ['{"json": true}']])('%j is refused', (text) => {
    expect(() => shown(text)).toThrow(/expected a header, a token/)
  })

  test('random octets are refused, and nothing else happens', () => {
    for (let first = 0; first < 256; first++) {
      const octets = new Uint8Array(40).fill(0xfe)
      octets[0] = first
      octets[1] = 0x26
      try {
        expect(shown(octets)).toMatch(/^binary\n/)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.any(String) })
      }
    }
  })
})
