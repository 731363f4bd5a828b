import { createKdcClient, evidenceFromS4u2self, KdcUnreachableError } from '@s4u/kdc-client'
import { kerberosFlags, Key, NameType, parsePrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf } from './kdc-client-realm.js'

/**
 * What a login form may be sent for a name, and then stands in logs and in commands that people
 * paste.
 */
const names = [
  "x'; calc\nFORGED LOG LINE@evil.example",
  'x\r\nFORGED LOG LINE',
  '\u001b[2Jx@AD.TEST',
  '$(calc)@AD.TEST',
  '\u202ex@evil.example',
]

describe('a name that was made up', () => {
  test.each(names)('%j is printed on one line, and is in no command', async (name) => {
    const realm = await adTest()
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const errors = [
      await refusalOf(client.s4u2self(name)),
      await refusalOf(client.ticketFor(`HTTP/${name.replaceAll('@', '\\@')}`)),
      await refusalOf(client.s4u2proxy(evidence, `HTTP/${name.replaceAll('@', '\\@')}`)),
    ]
    for (const { message, hint } of errors) {
      expect(message).toMatch(/^[^\p{Cc}\p{Cf}]+$/u)
      expect(String(hint).replaceAll('\n', ' ')).toMatch(/^[^\p{Cc}\p{Cf}]+$/u)
      expect(String(hint)).not.toMatch(/^FORGED/m)
      expect(String(hint)).not.toMatch(/(samba-tool|kadmin|setspn|[A-Z][a-z]+-AD[A-Z]\w+) [^|\n]*(calc|FORGED)/)
    }
  })
})

describe('a realm that was made up', () => {
  const realm = '<IMG SRC=X>\u202e\u001b[2J'

  test('acts in no error about a ticket that a caller forwards', () => {
    const ticket = {
      realm,
      sname: { nameType: NameType.SRV_INST, nameString: ['krbtgt', realm] },
      encPart: { etype: 18, cipher: new Uint8Array(64) },
    }
    const tgt = {
      client: parsePrincipal('alice@AD.TEST'),
      ticket,
      sessionKey: new Key(18, new Uint8Array(32)),
      flags: kerberosFlags(),
      expiresAt: Date.now() + 60_000,
    }
    expect(() => createKdcClient({ realm: 'AD.TEST', kdc: '127.0.0.1:1', credentials: { tgt } })).toThrow(
      /^[^\p{Cc}\p{Cf}<>]*IMG SRC=X[^\p{Cc}\p{Cf}<>]*$/u,
    )
  })

  test('acts in no error about its KDCs', () => {
    const { message, hint, realm: shown } = new KdcUnreachableError(realm, [])
    for (const text of [message, hint, shown]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}<>]*IMG SRC=X[^\p{Cc}\p{Cf}<>]*$/u)
  })
})
