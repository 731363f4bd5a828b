import { ContextFlag, Krb5TokenId, Mechanism, ObjectIdentifier, SecurityContext, unframe } from '@s4u/gssapi'
import { encode, Key, parsePrincipal } from '@s4u/krb5'
import { expect, test } from 'vitest'

/**
 * Object identifiers, token identifiers and flags; what is described in words is what the tests of
 * @s4u/gssapi are about.
 */
export function testGssConstants(constants: readonly (readonly [string, unknown])[]): void {
  test.each(constants)('GSS-API %s', (name, value) => {
    if (name.startsWith('oid ')) return expectOid(name, Object(value))
    if (name.startsWith('tokId ')) return expectTokenId(name.slice('tokId '.length), value)
    if (name === 'contextFlags') return expectFlags(Object(value))
    if (name === 'wrapFlags') return expectWrapFlags(Object(value))
    return expect(['authenticatorChecksum', 'wrapMacNoConf', 'wrapSealed']).toContain(name)
  })
}

const MECHANISMS: Readonly<Record<string, string>> = {
  'oid krb5': Mechanism.KRB5,
  'oid ms-krb5 (Windows truncated 48018)': Mechanism.MS_KRB5,
  'oid spnego': Mechanism.SPNEGO,
  'oid ntlmssp': Mechanism.NTLM,
  'oid negoex': Mechanism.NEGOEX,
  'oid iakerb': Mechanism.IAKERB,
}

function expectOid(name: string, { dotted, der }: { dotted: string; der: string }): void {
  expect(Buffer.from(encode(ObjectIdentifier, dotted)).toString('hex')).toBe(der)
  // User-to-user is not spoken under a mechanism of its own.
  if (name !== 'oid krb5 user-to-user') expect(MECHANISMS[name]).toBe(dotted)
}

function expectTokenId(name: string, value: unknown): void {
  const { wrap, mic } = tokensOf(18)
  const rc4 = tokensOf(23)
  const ids: Readonly<Record<string, string>> = {
    KRB_AP_REQ: Krb5TokenId.AP_REQ.toString(16).padStart(4, '0'),
    KRB_AP_REP: Krb5TokenId.AP_REP.toString(16).padStart(4, '0'),
    KRB_ERROR: Krb5TokenId.KRB_ERROR.toString(16).padStart(4, '0'),
    'MIC (RFC 4121)': startOf(mic),
    'Wrap (RFC 4121)': startOf(wrap),
    'MIC (RFC 1964)': startOf(unframe(rc4.mic).innerToken),
    'Wrap (RFC 1964)': startOf(unframe(rc4.wrap).innerToken),
    // Nobody has sent a token to delete a context since RFC 2743.
    'delete (RFC 1964)': '0102',
  }
  expect(ids[name]).toBe(value)
}

function expectFlags(flags: Readonly<Record<string, number>>): void {
  const ours: Readonly<Record<string, number>> = ContextFlag
  for (const [name, bit] of Object.entries(flags)) expect(ours[name.replace(/\(.*/, '')]).toBe(bit)
}

function expectWrapFlags({ SentByAcceptor, Sealed, AcceptorSubkey }: Readonly<Record<string, number>>): void {
  const flagsOf = (token: Uint8Array): number => token[2]
  expect(flagsOf(tokensOf(18).wrap)).toBe(Sealed)
  expect(flagsOf(tokensOf(18, 'acceptor').mic)).toBe(SentByAcceptor)
  expect(flagsOf(tokensOf(18, 'acceptor', Key.random(18)).mic)).toBe(SentByAcceptor | AcceptorSubkey)
}

function tokensOf(etype: number, role: 'acceptor' | 'initiator' = 'initiator', acceptorKey?: Key) {
  const [peer, initiatorKey] = [parsePrincipal('a@R'), Key.random(etype)]
  const sequences = { sendSequence: 0, receiveSequence: 0 }
  const context = new SecurityContext({ role, peer, flags: 0, initiatorKey, acceptorKey, ...sequences })
  return { wrap: context.wrap(new Uint8Array(1)), mic: context.getMic(new Uint8Array(1)) }
}

function startOf(token: Uint8Array): string {
  return Buffer.from(token.subarray(0, 2)).toString('hex')
}
