import { type AcceptOutcome, createAcceptor } from '@s4u/acceptor'
import {
  channelBindingsHash,
  ContextFlag,
  decodeNegTokenResp,
  encodeNegTokenResp,
  frame,
  Mechanism,
  unframe,
} from '@s4u/gssapi'
import { type CachedCredential, decode, Key, KRB_ERROR_CODES, KrbError } from '@s4u/krb5'
import { beforeAll, expect, test } from 'vitest'
import { kinit, realmOf, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { beside } from './sign-on/clients.js'
import { base64 } from './sign-on/conversation.js'
import { apReqOf, AWARE_OF_BINDINGS, flipped, krb5Of, spnegoOf, ticketFor } from './sign-on/odd-tokens.js'

/**
 * The same tokens, made of a real ticket, before MIT's acceptor and before ours: what one refuses,
 * the other must.
 */
interface Case {
  readonly legs: readonly Uint8Array[]
  /** Of the acceptor. */
  readonly bindings?: Uint8Array
  readonly verdict: 'accepted' | 'continue' | 'refused'
  /** Our reason. */
  readonly code?: string
}

const CHANNEL = new TextEncoder().encode('tls-server-end-point:one certificate')
const OTHER_CHANNEL = new TextEncoder().encode('tls-server-end-point:another certificate')
/**
 * RFC 4121 section 4.2.6.1: under the acceptor's subkey, message 1000, twelve octets that are no
 * checksum.
 */
const MIC = Uint8Array.of(4, 4, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 3, 0xe8, ...new Uint8Array(12))
const WINDOWS = [Mechanism.MS_KRB5, Mechanism.KRB5, Mechanism.NEGOEX, Mechanism.NTLM]
const NEGOEX_FIRST = [Mechanism.NEGOEX, Mechanism.KRB5]
const UNKNOWN_ONLY = [Mechanism.NEGOEX, '1.2.3.4.5']

function casesOf(web: CachedCredential, api: CachedCredential): Record<string, Case> {
  const fine = (): Uint8Array => krb5Of(web)
  const replayed = fine()
  const bound = (channel: Uint8Array): Uint8Array => krb5Of(web, { channelBindings: channelBindingsHash(channel) })
  const aware = (): Uint8Array => krb5Of(web, { authenticator: { authorizationData: AWARE_OF_BINDINGS } })
  const askedForMic = spnegoOf(new Uint8Array(8), { mechanisms: NEGOEX_FIRST })
  const cname = { nameType: 1, nameString: ['bob'] }
  const trailing = Uint8Array.of(...spnegoOf(fine()), 0, 0, 0)
  return {
    SPNEGO: { legs: [spnegoOf(fine())], verdict: 'accepted' },
    'raw Kerberos': { legs: [fine()], verdict: 'accepted' },
    'SPNEGO without mutual authentication': { legs: [spnegoOf(krb5Of(web, { mutual: false }))], verdict: 'accepted' },
    'raw Kerberos without mutual authentication': { legs: [krb5Of(web, { mutual: false })], verdict: 'accepted' },
    'the list of Windows': { legs: [spnegoOf(fine(), { mechanisms: WINDOWS })], verdict: 'accepted' },
    'reqFlags of seven bits': { legs: [spnegoOf(fine(), { reqFlags: Uint8Array.of(1, 0x76) })], verdict: 'accepted' },
    'no token in the first leg': { legs: [spnegoOf(undefined)], verdict: 'continue' },
    'an unknown first choice': { legs: [askedForMic], verdict: 'continue' },
    'a channel that both bound': { legs: [bound(CHANNEL)], bindings: CHANNEL, verdict: 'accepted' },
    'a channel that the client did not bind': { legs: [fine()], bindings: CHANNEL, verdict: 'accepted' },
    'a channel that the acceptor does not know': { legs: [bound(CHANNEL)], verdict: 'accepted' },
    'another channel': {
      legs: [bound(OTHER_CHANNEL)],
      bindings: CHANNEL,
      verdict: 'refused',
      code: 'GSS_S_BAD_BINDINGS',
    },
    'no channel from a client that knows bindings': {
      legs: [aware()],
      bindings: CHANNEL,
      verdict: 'refused',
      code: 'GSS_S_BAD_BINDINGS',
    },
    'only unknown mechanisms': {
      legs: [spnegoOf(undefined, { mechanisms: UNKNOWN_ONLY })],
      verdict: 'refused',
      code: 'GSS_S_BAD_MECH',
    },
    'a MIC in the first leg that is none': {
      legs: [spnegoOf(fine(), { mechListMic: MIC })],
      verdict: 'refused',
      code: 'GSS_S_BAD_SIG',
    },
    'a MIC after the end': {
      legs: [spnegoOf(fine(), { mechanisms: WINDOWS }), encodeNegTokenResp({ mechListMic: MIC })],
      verdict: 'refused',
      code: 'GSS_S_DEFECTIVE_TOKEN',
    },
    'a wrong MIC in the third leg': {
      legs: [askedForMic, encodeNegTokenResp({ responseToken: fine() }), encodeNegTokenResp({ mechListMic: MIC })],
      verdict: 'refused',
      code: 'GSS_S_BAD_SIG',
    },
    'a NegTokenInit without framing': {
      legs: [unframe(spnegoOf(fine())).innerToken],
      verdict: 'refused',
      code: 'GSS_S_DEFECTIVE_TOKEN',
    },
    'framing under the number of MS-krb5': {
      legs: [frame(Mechanism.MS_KRB5, unframe(fine()).innerToken)],
      verdict: 'refused',
      code: 'GSS_S_BAD_MECH',
    },
    'three octets too many': { legs: [trailing], verdict: 'refused', code: 'GSS_S_DEFECTIVE_TOKEN' },
    'a bare AP-REQ': { legs: [apReqOf(web)], verdict: 'refused', code: 'GSS_S_DEFECTIVE_TOKEN' },
    'an NTLM token': {
      legs: [new TextEncoder().encode('NTLMSSP\0\x01\0\0\0\0\0\0\0'.padEnd(32, '\0'))],
      verdict: 'refused',
      code: 'GSS_S_BAD_MECH',
    },
    'a changed authenticator': {
      legs: [spnegoOf(flipped(fine(), 1))],
      verdict: 'refused',
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    },
    'an authenticator under another key': {
      legs: [krb5Of(web, { sealedWith: Key.random(web.key.etype) })],
      verdict: 'refused',
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    },
    'another client in the authenticator': {
      legs: [krb5Of(web, { authenticator: { cname } })],
      verdict: 'refused',
      code: 'KRB_AP_ERR_BADMATCH',
    },
    'a clock ten minutes behind': {
      legs: [krb5Of(web, { authenticator: { ctime: Date.now() - 600_000 } })],
      verdict: 'refused',
      code: 'KRB_AP_ERR_SKEW',
    },
    'an authenticator without the checksum of GSS-API': {
      legs: [krb5Of(web, { authenticator: { cksum: { cksumtype: 16, checksum: new Uint8Array(12) } } })],
      verdict: 'refused',
      code: 'KRB_AP_ERR_INAPP_CKSUM',
    },
    'a ticket for another service': { legs: [krb5Of(api)], verdict: 'refused', code: 'KRB_AP_ERR_NOT_US' },
    'a token for the first time': { legs: [replayed], verdict: 'accepted' },
    'a token for the second time': { legs: [replayed], verdict: 'refused', code: 'KRB_AP_ERR_REPEAT' },
  }
}

await describeRealms('Odd tokens', ['EAST', 'python-gssapi'], (info) => {
  const { web, api } = realmOf(info, 'EAST').services
  let tickets: readonly [CachedCredential, CachedCredential]
  const acceptor = createAcceptor({ keytab: web.keytab, channelBinding: 'allow' })
  beforeAll(async () => {
    const alice = await kinit(info, 'EAST', 'alice')
    tickets = [await ticketFor(alice, web.spn), await ticketFor(alice, api.spn)]
  })

  test('are judged by our acceptor as by the one of MIT, and every refusal has its reason', async () => {
    const cases = casesOf(...tickets)
    const mit = await judgedByMit(Object.values(cases))
    const found: Record<string, object> = {}
    for (const [index, [name, one]] of Object.entries(cases).entries()) {
      const { status, code } = await judgedByUs(one)
      found[name] = { mit: mit[index].verdict, verdict: status, code }
    }
    const expected = Object.entries(cases).map(([name, { verdict, code }]) => [name, { mit: verdict, verdict, code }])
    expect(found).toEqual(Object.fromEntries(expected))
  })

  test('that SPNEGO has around them are answered with reject where MIT does', async () => {
    const cases = Object.entries(casesOf(...tickets)).filter(([, { verdict }]) => verdict === 'refused')
    const mit = await judgedByMit(cases.map(([, one]) => one))
    const [theirs, ours]: Record<string, string>[] = [{}, {}]
    for (const [index, [name, one]] of cases.entries()) {
      theirs[name] = stateOf(mit[index].token === null ? undefined : Buffer.from(mit[index].token, 'base64'))
      ours[name] = stateOf((await judgedByUs(one)).reply)
    }
    // Nothing around it says of which mechanism it is; MIT's library takes it for its own, and
    // answers with a KRB-ERROR.
    expect(theirs['a bare AP-REQ']).toBe('a token of Kerberos')
    expect(ours).toEqual({ ...theirs, 'a bare AP-REQ': 'nothing' })
    expect(Object.values(ours).filter((state) => state === 'reject').length).toBeGreaterThan(4)
  })

  test('of DCE style are refused, as over HTTP by Apache', async () => {
    const { code } = await judgedByUs({
      legs: [krb5Of(tickets[0], { flags: ContextFlag.DCE_STYLE })],
      verdict: 'refused',
    })
    expect(code).toBe('GSS_S_UNAVAILABLE')
  })

  test('that ask for user-to-user authentication are refused', async () => {
    const token = krb5Of(tickets[0])
    // ap-options follow pvno and msg-type: [2] BIT STRING, five octets.
    const at = Buffer.from(token).indexOf(Buffer.from([0xa2, 0x07, 0x03, 0x05, 0x00]))
    token[at + 5] |= 0x40
    expect((await judgedByUs({ legs: [token], verdict: 'refused' })).code).toBe('KRB_AP_ERR_NO_TGT')
  })

  test('get the same kind of answer: the chosen mechanism, or a KRB-ERROR with the number of the reason', async () => {
    const windows = await acceptor.accept(spnegoOf(krb5Of(tickets[0]), { mechanisms: WINDOWS }))
    const answer = decodeNegTokenResp(replyOf(windows))
    expect(answer).toMatchObject({ negState: 'accept-completed', supportedMech: Mechanism.MS_KRB5 })
    expect(answer.responseToken).toBeDefined()
    expect(answer.mechListMic).toBeUndefined()

    const raw = await acceptor.accept(krb5Of(tickets[0], { mutual: false }))
    expect(raw).toMatchObject({ status: 'accepted', reply: undefined })

    const bad = decodeNegTokenResp(replyOf(await acceptor.accept(spnegoOf(flipped(krb5Of(tickets[0]), 1)))))
    expect(bad.negState).toBe('reject')
    const { innerToken } = unframe(bad.responseToken ?? new Uint8Array(0))
    expect(decode(KrbError, innerToken.subarray(2)).errorCode).toBe(KRB_ERROR_CODES.KRB_AP_ERR_BAD_INTEGRITY)
  })

  async function judgedByMit(cases: readonly Case[]): Promise<{ verdict: string; token: string | null }[]> {
    const input = cases.map(({ legs, bindings }) => ({
      legs: legs.map(base64),
      bindings: bindings && base64(bindings),
    }))
    const { environment } = info
    const args = [beside('acceptor.py'), web.keytab]
    const { stdout } = await runOk('/usr/bin/python3', args, { environment, input: JSON.stringify(input) })
    return JSON.parse(stdout)
  }

  async function judgedByUs({ legs, bindings }: Case) {
    let outcome: AcceptOutcome | undefined
    for (const leg of legs) {
      const negotiation = outcome?.status === 'continue' ? outcome.negotiation : undefined
      outcome = await acceptor.accept(leg, { negotiation, channelBindings: bindings })
    }
    if (outcome === undefined) throw new Error('no legs')
    const code = outcome.status === 'refused' ? outcome.error.code : undefined
    return { status: outcome.status, code, reply: outcome.reply }
  }
})

function replyOf(outcome: AcceptOutcome): Uint8Array {
  if (outcome.reply === undefined) throw new Error('no reply')
  return outcome.reply
}

/** What a peer is told: the state of a NegTokenResp, another token, or nothing. */
function stateOf(reply: Uint8Array | undefined): string {
  if (reply === undefined) return 'nothing'
  return reply[0] === 0xa1 ? String(decodeNegTokenResp(reply).negState) : 'a token of Kerberos'
}
