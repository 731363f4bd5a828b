import { channelBindingsHash } from '@s4u/gssapi'
import { type S4uError } from '@s4u/krb5'
import { beforeAll, describe, expect, test } from 'vitest'
import { DomainControllers } from './controllers/domain-controllers.js'
import { authenticateTo, CLIENT_FLAGS, negotiateOf, type NtlmClientOptions } from './fixtures/ntlm-client.js'
import { AvId } from './messages/av-pairs.js'
import { decodeChallengeMessage } from './messages/challenge-message.js'
import { NtlmFlag } from './messages/ntlm-flags.js'
import { encodeText } from './messages/text.js'
import type { LogonReply, LogonRequest } from './netlogon/logon-call.js'
import type { ValidationInfo } from './netlogon/validation-info.js'
import { ControllerJudgedAcceptor } from './ntlm-acceptor.js'
import { type NtlmOptions, readNtlmOptions } from './ntlm-options.js'
import { ntHashOf, ntowfv2, ntProof, sessionBaseKey } from './response/ntlmv2-keys.js'

const SID = 'S-1-5-21-1-2-3'
const NOW = Date.UTC(2026, 10, 30)
const ACCOUNT = { name: 'WEB01$', password: 'secret of the machine' }
const OPTIONS: NtlmOptions = {
  domain: 'CORP',
  dnsDomain: 'corp.test',
  domainSid: SID,
  account: ACCOUNT,
  controllers: 'dc1',
}
let ntHash: Uint8Array
beforeAll(async () => {
  ntHash = await ntHashOf('pw-alice')
})

const INFO: Omit<ValidationInfo, 'sessionKey'> = {
  effectiveName: 'alice',
  userId: 1104,
  primaryGroupId: 513,
  groupIds: [513, 1110],
  userFlags: 0x20,
  logonDomainName: 'CORP',
  logonDomainId: SID,
  extraSids: [`${SID}-572`, 'S-1-18-1'],
  dnsDomainName: 'corp.test',
  upn: 'alice@corp.test',
}

/** A controller that knows the password of alice, and says what it is told to. */
class Controller extends DomainControllers {
  readonly asked: LogonRequest[] = []
  readonly #says: Partial<ValidationInfo> & Partial<Pick<LogonReply, 'status' | 'isAuthoritative'>>
  constructor(says: Partial<ValidationInfo> & Partial<LogonReply> = {}) {
    super([], 1_000, () => NOW)
    this.#says = says
  }
  override async logon(request: LogonRequest): Promise<LogonReply> {
    this.asked.push(request)
    const { status = 0, isAuthoritative = true, ...says } = this.#says
    if (status !== 0) return { info: undefined, isAuthoritative, status }
    const proof = request.ntResponse.subarray(0, 16)
    const key = ntowfv2(ntHash, request.user, request.domain)
    const right = ntProof(key, request.serverChallenge, request.ntResponse.subarray(16))
    if (!Buffer.from(right).equals(proof)) return { info: undefined, isAuthoritative, status: 0xc000_006a }
    return { info: { ...INFO, sessionKey: sessionBaseKey(key, proof), ...says }, isAuthoritative, status: 0 }
  }
}

function service(options: Partial<NtlmOptions> = {}, controllers = new Controller(), now = () => NOW) {
  const settings = readNtlmOptions({ ...OPTIONS, ...options })
  let drawn = 0
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(++drawn)
  return new ControllerJudgedAcceptor({ settings, controllers, now, random })
}

async function comeTo(
  acceptor: ControllerJudgedAcceptor,
  client: Partial<NtlmClientOptions> = {},
  channelBindings: readonly Uint8Array[] = [],
) {
  const connection = {}
  const negotiate = negotiateOf(client.flags)
  const challenge = acceptor.challenge(negotiate, connection)
  const authenticate = authenticateTo(negotiate, challenge, { ntHash, ...client })
  return acceptor.open(authenticate, connection, { channelBindings }).verify()
}

const refusal = async (coming: () => Promise<unknown>): Promise<S4uError> =>
  coming().then(
    () => expect.unreachable('nothing was refused'),
    (error: S4uError) => error,
  )

test.each([0, 1, 3, 5])('a client whose flags have %i octets is told that, and nothing breaks', async (length) => {
  const pairs = { [AvId.FLAGS]: new Uint8Array(length) }
  const error = await refusal(() => comeTo(service(), { mic: 'none', pairs }))
  expect(error).toMatchObject({ name: 'MalformedTokenError', message: expect.stringContaining('MsvAvFlags') })
})

describe('a user whom the controller knows', () => {
  test('is let in, with the groups that the domain may say', async () => {
    const controller = new Controller()
    expect(await comeTo(service({}, controller))).toEqual({
      user: 'alice',
      domain: 'CORP',
      dnsDomain: 'corp.test',
      sid: `${SID}-1104`,
      groups: [`${SID}-513`, `${SID}-1110`, `${SID}-572`, 'S-1-18-1'],
      withheld: [],
    })
    expect(controller.asked).toMatchObject([{ user: 'alice', domain: 'CORP', workstation: 'HOST' }])
  })

  test('is let in as curl comes: without MIC, version and signatures', async () => {
    const flags = CLIENT_FLAGS & ~(NtlmFlag.KEY_EXCHANGE | NtlmFlag.SIGN)
    expect(await comeTo(service(), { mic: 'none', flags })).toMatchObject({ user: 'alice' })
  })

  test('is offered no keys of LAN Manager, and told who we are', () => {
    const { flags, serverChallenge } = decodeChallengeMessage(service().challenge(negotiateOf(0xffff_ffff), {}))
    expect(flags.toString(16)).toBe('e2898235')
    expect(Buffer.from(serverChallenge).toString('hex')).toBe('0101010101010101')
  })
})

describe('an attacker who', () => {
  test('replays a response on its connection finds the challenge used up', async () => {
    const acceptor = service()
    const connection = {}
    const challenge = acceptor.challenge(negotiateOf(), connection)
    const response = authenticateTo(negotiateOf(), challenge, { ntHash })
    expect(acceptor.open(response, connection).user).toBe('alice')
    expect(() => acceptor.open(response, connection)).toThrow('a challenge that this connection was not given')
  })

  test('replays a response on another connection, or to a later challenge, is refused', async () => {
    const acceptor = service()
    const connection = {}
    const response = authenticateTo(negotiateOf(), acceptor.challenge(negotiateOf(), connection), { ntHash })
    expect(() => acceptor.open(response, {})).toThrow('a challenge that this connection was not given')
    acceptor.challenge(negotiateOf(), connection)
    const late = acceptor.open(response, connection)
    await expect(late.verify()).rejects.toMatchObject({ code: 'STATUS_LOGON_FAILURE' })
  })

  test('answers after a minute is refused', () => {
    let time = NOW
    const acceptor = service({}, new Controller(), () => time)
    const connection = {}
    const response = authenticateTo(negotiateOf(), acceptor.challenge(negotiateOf(), connection), { ntHash })
    time += 60_001
    expect(() => acceptor.open(response, connection)).toThrow('the client answered its challenge too late')
  })

  const without = (id: number): Partial<NtlmClientOptions> => ({ pairs: { [id]: undefined } })
  test.each<[string, Partial<NtlmClientOptions>, string, string]>([
    [
      'strips the MIC that was announced',
      { mic: 'none', pairs: { [AvId.FLAGS]: Uint8Array.of(2, 0, 0, 0) } },
      'KRB_AP_ERR_MODIFIED',
      'the integrity code that the client has announced is missing',
    ],
    [
      'changes the MIC',
      { mic: 'wrong' },
      'KRB_AP_ERR_MODIFIED',
      'the messages of the handshake were changed on the way',
    ],
    [
      'relays a response to another server',
      { pairs: { [AvId.NETBIOS_COMPUTER]: encodeText('FILES') } },
      'KRB_AP_ERR_BADMATCH',
      'the response is not to our challenge: its target information (pair 1) is another',
    ],
    [
      'relays a response to another domain',
      { pairs: { [AvId.NETBIOS_DOMAIN]: encodeText('OTHER') } },
      'KRB_AP_ERR_BADMATCH',
      'the response is not to our challenge: its target information (pair 2) is another',
    ],
    [
      'relays a response without a target (CVE-2019-1019)',
      without(AvId.NETBIOS_COMPUTER),
      'KRB_AP_ERR_BADMATCH',
      'the response is not to our challenge: its target information (pair 1) is missing',
    ],
    [
      'leaves out the time of the challenge',
      without(AvId.TIMESTAMP),
      'KRB_AP_ERR_BADMATCH',
      'the response is not to our challenge: its target information (pair 7) is missing',
    ],
    [
      'has a response of another year',
      { time: NOW - 31_536_000_000 },
      'KRB_AP_ERR_SKEW',
      'the response was made at another time',
    ],
    [
      'relays a response for another service of this machine',
      { pairs: { [AvId.TARGET_NAME]: encodeText('cifs/web01.corp.test') } },
      'KRB_AP_ERR_NOT_US',
      'the client means another service than this one: cifs/web01.corp.test',
    ],
    [
      'relays a response for another service',
      { pairs: { [AvId.TARGET_NAME]: encodeText('cifs/files.corp.test') } },
      'KRB_AP_ERR_NOT_US',
      'the client means another service than this one: cifs/files.corp.test',
    ],
    [
      'relays a response of another TLS connection',
      { pairs: { [AvId.CHANNEL_BINDINGS]: new Uint8Array(16).fill(1) } },
      'GSS_S_BAD_BINDINGS',
      'the client bound its response to another TLS connection than this one',
    ],
    [
      'hides a pair behind another (CVE-2019-1166)',
      { extraPairs: [[AvId.FLAGS, new Uint8Array(4)]] },
      'GSS_S_DEFECTIVE_TOKEN',
      'NTLM.AUTHENTICATE.NtChallengeResponse.Value[6]: expected each pair once, found it twice',
    ],
    [
      'answers with version 1',
      { ntResponse: new Uint8Array(24) },
      'STATUS_NTLM_BLOCKED',
      'the client answered with NTLM version 1, which is not accepted',
    ],
    ['comes as nobody', { user: '' }, 'STATUS_NTLM_BLOCKED', 'the client came anonymously, which is not accepted'],
    [
      'comes without a response',
      { ntResponse: new Uint8Array(0) },
      'STATUS_NTLM_BLOCKED',
      'the client came anonymously, which is not accepted',
    ],
    [
      'says that it is nobody',
      { flags: CLIENT_FLAGS | NtlmFlag.ANONYMOUS },
      'STATUS_NTLM_BLOCKED',
      'the client came anonymously, which is not accepted',
    ],
    [
      'lowers the security of the session',
      { flags: CLIENT_FLAGS & ~NtlmFlag.EXTENDED_SESSION_SECURITY },
      'STATUS_NTLM_BLOCKED',
      'the client speaks no extended session security',
    ],
    [
      'speaks an OEM character set',
      { flags: CLIENT_FLAGS & ~NtlmFlag.UNICODE },
      'GSS_S_DEFECTIVE_TOKEN',
      'NTLM.AUTHENTICATE.NegotiateFlags: expected names in Unicode, found an OEM character set',
    ],
    [
      'ends a name early',
      { user: 'alice\0x' },
      'GSS_S_DEFECTIVE_TOKEN',
      'NTLM.AUTHENTICATE.UserName: expected no zero character, found one',
    ],
    [
      'reflects what this machine has sent',
      { user: 'web01$' },
      'KRB_AP_ERR_BADDIRECTION',
      'the client came as the machine account of this service itself',
    ],
    [
      'guesses a password',
      { ntHash: new Uint8Array(16) },
      'STATUS_LOGON_FAILURE',
      'the domain controller refused the user: there is no such user, or the password is wrong',
    ],
  ])('%s is refused', async (_who, client, code, message) => {
    expect(await refusal(() => comeTo(service(), client))).toMatchObject({ code, message })
  })

  test('is not judged by the controller where we can tell ourselves', async () => {
    const controller = new Controller()
    await refusal(() => comeTo(service({}, controller), { pairs: { [AvId.NETBIOS_COMPUTER]: encodeText('FILES') } }))
    expect(controller.asked).toEqual([])
  })
})

describe('what only some clients send', () => {
  const binding = new TextEncoder().encode('tls-server-end-point:of this connection')
  const bound = { pairs: { [AvId.CHANNEL_BINDINGS]: channelBindingsHash(binding) } }

  test('is right where it is ours', async () => {
    const all = service({ channelBinding: 'require', targetName: 'require', mic: 'require', hosts: ['www.corp.test'] })
    for (const name of ['HTTP/web01', 'HTTP/WEB01.corp.test', 'http/www.corp.test:8443']) {
      const pairs = { ...bound.pairs, [AvId.TARGET_NAME]: encodeText(name) }
      expect(await comeTo(all, { pairs }, [binding])).toMatchObject({ user: 'alice' })
    }
  })

  test.each<[string, Partial<NtlmOptions>, Partial<NtlmClientOptions>, string]>([
    ['a binding', { channelBinding: 'require' }, {}, 'the client did not bind its response to the TLS connection'],
    [
      'a binding of zeros',
      { channelBinding: 'require' },
      { pairs: { [AvId.CHANNEL_BINDINGS]: new Uint8Array(16) } },
      'the client did not bind its response to the TLS connection',
    ],
    ['a target', { targetName: 'require' }, {}, 'the client does not say which service it means'],
    [
      'a target that it knows itself',
      { targetName: 'require' },
      { pairs: { [AvId.TARGET_NAME]: encodeText('HTTP/web01'), [AvId.FLAGS]: Uint8Array.of(6, 0, 0, 0) } },
      'the client does not say which service it means',
    ],
    ['an integrity code', { mic: 'require' }, { mic: 'none' }, 'the client protects its messages by no integrity code'],
  ])('is refused where it is missing: %s', async (_what, options, client, message) => {
    expect((await refusal(() => comeTo(service(options), client, [binding]))).message).toBe(message)
  })
})

describe('a controller that says', () => {
  const other = { logonDomainName: 'PARTNER', logonDomainId: 'S-1-5-21-7-7-7', dnsDomainName: 'partner.test' }
  const trusting = { trustedDomains: { partner: 'S-1-5-21-7-7-7' } }

  test('that a user is of a trusted domain is believed about that domain', async () => {
    const extraSids = [`${SID}-512`, 'S-1-5-32-544', 'S-1-5-21-7-7-7-1300']
    expect(await comeTo(service(trusting, new Controller({ ...other, extraSids })))).toMatchObject({
      domain: 'PARTNER',
      sid: 'S-1-5-21-7-7-7-1104',
      groups: ['S-1-5-21-7-7-7-513', 'S-1-5-21-7-7-7-1110', 'S-1-5-21-7-7-7-1300'],
      withheld: [`${SID}-512`, 'S-1-5-32-544'],
    })
  })

  test.each<[string, Partial<NtlmOptions>, Partial<ValidationInfo> & Partial<LogonReply>, object]>([
    ['that a user is of a domain nobody named', {}, other, { code: 'SEC_E_LOGON_DENIED', status: 403 }],
    ['that a trusted domain has our SID', trusting, { ...other, logonDomainId: SID }, { code: 'KDC_ERR_POLICY' }],
    ['that our domain has another SID', {}, { logonDomainId: 'S-1-5-21-7-7-7' }, { code: 'KDC_ERR_POLICY' }],
    ['that the user is none of the domain', {}, { userId: 0 }, { code: 'KDC_ERR_POLICY' }],
    ['that the user is a guest', {}, { userFlags: 1 }, { code: 'STATUS_LOGON_FAILURE' }],
    ['that LAN Manager was used', {}, { userFlags: 8 }, { code: 'STATUS_LOGON_FAILURE' }],
    ['no session key', {}, { sessionKey: new Uint8Array(16) }, { code: 'STATUS_LOGON_FAILURE' }],
    [
      'that the domain of the user cannot be asked',
      {},
      { status: 0xc000_005e },
      { name: 'NetlogonUnreachableError', status: 503 },
    ],
    [
      'that NTLM is blocked',
      {},
      { status: 0xc000_0418 },
      { name: 'ConfigurationError', code: 'STATUS_NTLM_BLOCKED', status: 503 },
    ],
    [
      'what nobody knows',
      {},
      { status: 0xc000_1234 },
      { code: 'STATUS_LOGON_FAILURE', message: 'the domain controller refused the user: 0xc0001234' },
    ],
    [
      'that the account is locked',
      {},
      { status: 0xc000_0234 },
      { status: 401, message: 'the domain controller refused alice: the account is locked out' },
    ],
    [
      'that it has not spoken for the domain',
      {},
      { status: 0xc000_0064, isAuthoritative: false },
      { message: expect.stringContaining('(no controller of that domain has spoken)') },
    ],
  ])('%s lets no user in', async (_what, options, says, error) => {
    expect(await refusal(() => comeTo(service(options, new Controller(says))))).toMatchObject(error)
  })
})

test('1,000 handshakes at the same time hold what their connections hold, and each gets its own answer', async () => {
  const acceptor = service()
  const connections = Array.from({ length: 1_000 }, () => ({}))
  const begun = connections.map((connection) => ({
    connection,
    challenge: acceptor.challenge(negotiateOf(), connection),
  }))
  const verdicts = begun.map(({ connection, challenge }, at) => {
    const hash = at % 2 === 0 ? ntHash : new Uint8Array(16)
    return acceptor.open(authenticateTo(negotiateOf(), challenge, { ntHash: hash }), connection).verify()
  })
  const settled = await Promise.allSettled(verdicts)
  expect(settled.filter(({ status }, at) => (status === 'fulfilled') === (at % 2 === 0))).toHaveLength(1_000)
})

describe('options', () => {
  test.each<[string, object, string]>([
    [
      'a DNS name in place of the NetBIOS name',
      { domain: 'corp.test' },
      'ntlm: domain must be the NetBIOS name of the domain, such as CORP',
    ],
    ['no SID', { domainSid: 'CORP' }, 'ntlm: domainSid must be the SID of the domain'],
    [
      'a user in place of a machine',
      { account: { name: 'svc-web', password: 'x' } },
      'ntlm: account.name must be a machine account, such as WEB01$',
    ],
    [
      'two secrets',
      { account: { name: 'WEB01$', password: 'x', keytab: 'y' } },
      'ntlm: account needs either password or keytab',
    ],
    ['no controller', { controllers: [] }, 'ntlm: controllers must be hosts of domain controllers'],
    ['another word', { channelBinding: 'of' }, 'ntlm: channelBinding must be one of allow, require'],
    ['another word for the MIC', { mic: 'never' }, 'ntlm: mic must be one of announced, require'],
    [
      'a SID of no domain',
      { trustedDomains: { PARTNER: 'S-1-5-32' } },
      'ntlm: trustedDomains.PARTNER must be the SID of that domain',
    ],
    ['no time', { timeLimit: 0 }, 'ntlm: timeLimit must be a whole number from 100 to 60000'],
    ['a DNS name that is none', { dnsDomain: 'corp test' }, 'ntlm: dnsDomain must be the DNS name of the domain'],
    ['a misspelt option', { channelBindings: 'require' }, 'channelBindings'],
  ])('with %s are refused', (_what, changes, message) => {
    expect(() => readNtlmOptions({ ...OPTIONS, ...changes })).toThrow(message)
  })
})
