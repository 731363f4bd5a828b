import { ContextFlag } from '@s4u/gssapi'
import { ApOption, kerberosFlags, type OpenedApReq, openApReq, sealedApReq } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { replyTo } from './ap-reply.js'
import { issue, keyOf, NOW, SERVICE_KEY } from '../fixtures/issued-token.js'

interface Asked {
  readonly apOptions?: readonly number[]
  readonly sessionEtype?: number
  readonly subkey?: boolean
}

/** As it is after everything was accepted. */
function openedOf({ apOptions = [], sessionEtype = 18, subkey = true }: Asked = {}): OpenedApReq {
  const sessionKey = keyOf(7, sessionEtype)
  const { client, ticket } = issue({ sessionKey })
  const authenticator = {
    crealm: client.realm,
    cname: client.name,
    ctime: NOW,
    cusec: 1,
    seqNumber: 1000,
    ...(subkey && { subkey: keyOf(8, sessionEtype) }),
  }
  const apReq = sealedApReq({ apOptions: kerberosFlags(...apOptions), ticket, sessionKey, authenticator })
  return openApReq(apReq, SERVICE_KEY)
}

const reply = (opened: OpenedApReq, flags = 0, subkeyEtypes: readonly number[] = []) =>
  replyTo({ opened, flags, subkeyEtypes, random: undefined })

describe('a client that wants no reply', () => {
  test('gets none, and the context has the key of the client', () => {
    const answer = reply(openedOf())
    expect(answer.apRep).toBeUndefined()
    expect(answer.contextKey.equals(keyOf(8))).toBe(true)
  })

  test('and that sent no key has that of the ticket', () => {
    const answer = reply(openedOf({ subkey: false }))
    expect(answer.apRep).toBeUndefined()
    expect(answer.contextKey.equals(keyOf(7))).toBe(true)
  })
})

describe('a reply', () => {
  test.each([
    ['the flag of GSS', {}, ContextFlag.MUTUAL],
    ['the option of Kerberos', { apOptions: [ApOption.MUTUAL_REQUIRED] }, 0],
    ['both', { apOptions: [ApOption.MUTUAL_REQUIRED] }, ContextFlag.MUTUAL],
  ])('is given to who asks for it by %s', (_what, asked, flags) => {
    const answer = reply(openedOf(asked), flags)
    expect(answer.apRep).toBeInstanceOf(Uint8Array)
    expect(answer.acceptorSubkey).toBe(true)
    for (const key of [keyOf(7), keyOf(8)]) expect(answer.contextKey.equals(key)).toBe(false)
  })

  test.each([
    ['is of 256 bits', 18, [20], 18],
    ['is the weaker one that the client prefers nothing to', 17, [], 17],
    ['stands before what the client names below it', 17, [25], 17],
    ['is weaker than what the client can do', 17, [18], 18],
    ['is rc4 and the client can do better', 23, [17, 18], 18],
    ['is rc4 and the client can do nothing else', 23, [23], 23],
  ])('has a key of the right type where the session key %s', (_what, sessionEtype, wanted, expected) => {
    expect(reply(openedOf({ sessionEtype }), ContextFlag.MUTUAL, wanted).contextKey.etype).toBe(expected)
  })
})
