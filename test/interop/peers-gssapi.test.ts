import { createAcceptor } from '@s4u/acceptor'
import type { AcceptOutcome, Accepted, AcceptorOptions } from '@s4u/acceptor'
import { decodeNegTokenResp, encodeNegTokenInit, encodeNegTokenResp, Mechanism, readKrb5Token } from '@s4u/gssapi'
import { encodeCcache, encryptionTypeByName } from '@s4u/krb5'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { kinit, type Login, realmOf, runOk } from '../realms/clients.js'
import { allEncryptionTypes } from '../realms/mit/mit-accounts.js'
import type { RealmsInfo } from '../realms/realm-info.js'
import { describeRealms } from '../realms/suite.js'
import { beside, compileJava } from './sign-on/clients.js'
import { base64, type Conversation, converse, exchangeMessages } from './sign-on/conversation.js'

/**
 * Contexts with MIT's libgssapi (by python-gssapi) and with Java's JGSS, up to messages in both
 * directions.
 */
const PEER = 'alice@EAST.TEST'

function accepted(outcome: AcceptOutcome): Accepted {
  if (outcome.status === 'refused') throw outcome.error
  if (outcome.status !== 'accepted') throw new Error(`not accepted but ${outcome.status}`)
  return outcome
}

/** The TGT that came along, in a cache that MIT's programs read. */
function forwardedLogin({ identity }: Accepted, info: RealmsInfo, name: string): Login {
  if (identity.evidence?.kind !== 'ticket' || identity.evidence.forwardedTgt === undefined)
    throw new Error('no TGT came')
  const {
    client,
    ticket,
    sessionKey,
    flags,
    expiresAt,
    authenticatedAt = 0,
    startsAt = 0,
  } = identity.evidence.forwardedTgt
  const credential = {
    client,
    server: { name: ticket.sname, realm: ticket.realm },
    key: sessionKey,
    authtime: authenticatedAt,
    starttime: startsAt,
    endtime: expiresAt,
    renewTill: 0,
    isSkey: false,
    flags,
    addresses: [],
    authorizationData: [],
    ticket,
    secondTicket: new Uint8Array(0),
  }
  const ccache = join(info.directory, 'ccaches', name)
  writeFileSync(ccache, encodeCcache({ principal: client, credentials: [credential], settings: [], kdcOffset: 0 }))
  return { ccache, environment: { ...info.environment, KRB5CCNAME: `FILE:${ccache}` } }
}

/** One leg there, one back. */
async function signOn(peer: Conversation, options: AcceptorOptions): Promise<Accepted> {
  const token = await peer.receive()
  const outcome = accepted(await createAcceptor(options).accept(token ?? new Uint8Array(0)))
  peer.send(outcome.reply)
  return outcome
}

await describeRealms('MIT GSS-API', ['EAST', 'python-gssapi'], (info) => {
  const { services } = realmOf(info, 'EAST')
  const { web } = services
  let alice: Login
  beforeAll(async () => {
    alice = await kinit(info, 'EAST', 'alice')
  })
  const initiator = (host: string, mechanism: 'krb5' | 'spnego', environment: Record<string, string> = {}) =>
    converse('/usr/bin/python3', [beside('initiator.py'), host, mechanism], { ...alice.environment, ...environment })

  /** The KDC takes the first that the service has a key for; the second is that of the TGT. */
  function preferring(encryptionType: string): Record<string, string> {
    const file = join(info.directory, `${encryptionType}.conf`)
    writeFileSync(file, `[libdefaults]\n  default_tgs_enctypes = ${encryptionType} aes256-cts-hmac-sha1-96\n`)
    return { KRB5_CONFIG: `${file}:${info.krb5Config}` }
  }

  test.each(['krb5', 'spnego'] as const)('as %s: both sides sign and seal messages', async (mechanism) => {
    await using peer = initiator(web.host, mechanism)
    const { identity, context } = await signOn(peer, { keytab: web.keytab })
    expect(identity.principal).toBe(PEER)
    peer.sendLine('go on')
    await exchangeMessages(peer, context)
  })

  test.each(allEncryptionTypes)('with a ticket and a session of %s', async (name) => {
    const { host, keytab } = services[name]
    const type = encryptionTypeByName(name)
    const events: unknown[] = []
    const onEvent: AcceptorOptions['onEvent'] = (event) => void events.push(event)
    await using peer = initiator(host, 'krb5', preferring(name))
    const { identity, context } = await signOn(peer, { keytab, allowWeakEncryption: type.weak, onEvent })
    expect(identity.principal).toBe(PEER)
    // MIT's KDC makes no session keys of a weak type.
    const session = type.weak ? 'aes256-cts-hmac-sha1-96' : type.name
    expect(events).toMatchObject([{ encryptionType: type.name, sessionEncryptionType: session }])
    peer.sendLine('go on')
    await exchangeMessages(peer, context)
  })

  test('with rc4-hmac only where it is allowed', () => {
    expect(() => createAcceptor({ keytab: services['arcfour-hmac'].keytab })).toThrow(/of no type that may be used/)
  })

  test('hands its TGT over, with which the KDC gives tickets in its name', async () => {
    const program = [beside('initiator.py'), web.host, 'spnego', 'delegate']
    await using peer = converse('/usr/bin/python3', program, alice.environment)
    const forwarded = forwardedLogin(
      await signOn(peer, { keytab: web.keytab, forwardedTickets: 'use' }),
      info,
      'forwarded-by-mit',
    )
    await runOk('kvno', [services.api.spn], forwarded)
  })

  test('after an unknown first choice: three legs, and each side confirms the list', async () => {
    await using peer = initiator(web.host, 'krb5')
    const acceptor = createAcceptor({ keytab: web.keytab })
    const mechanisms = [Mechanism.NEGOEX, Mechanism.KRB5]
    const first = encodeNegTokenInit({ mechanisms, mechToken: new TextEncoder().encode('NEGOEXTS') })
    const asked = await acceptor.accept(first.token)
    if (asked.status !== 'continue') throw new Error(asked.status)
    expect(decodeNegTokenResp(asked.reply)).toMatchObject({ negState: 'request-mic', supportedMech: Mechanism.KRB5 })

    const second = encodeNegTokenResp({ responseToken: await peer.receive() })
    const answered = await acceptor.accept(second, { negotiation: asked.negotiation })
    if (answered.status !== 'continue') throw new Error(answered.status)
    const { negState, responseToken, mechListMic } = decodeNegTokenResp(answered.reply)
    expect(negState).toBe('accept-incomplete')
    if (responseToken === undefined || mechListMic === undefined) throw new Error('a part is missing')
    expect(readKrb5Token(responseToken, 'ap-rep').kind).toBe('ap-rep')
    peer.send(responseToken)
    // MIT verifies our MIC over the list, and makes its own.
    peer.sendLine(`verify ${base64(first.mechTypes.bytes)} ${base64(mechListMic)}`)
    const third = encodeNegTokenResp({ mechListMic: await peer.receive() })
    const { identity, context } = accepted(await acceptor.accept(third, { negotiation: answered.negotiation }))
    expect(identity.principal).toBe(PEER)
    await exchangeMessages(peer, context)
  })
})

await describeRealms('MIT GSS-API with a ticket of Samba', ['CORP', 'python-gssapi'], (info) => {
  const { host, keytab } = realmOf(info, 'CORP').services.rc4

  test('for a service of rc4-hmac alone: both sides go over to AES for their messages', async () => {
    const { environment } = await kinit(info, 'CORP', 'alice')
    const events: unknown[] = []
    const onEvent: AcceptorOptions['onEvent'] = (event) => void events.push(event)
    await using peer = converse('/usr/bin/python3', [beside('initiator.py'), host, 'spnego'], environment)
    const { context } = await signOn(peer, { keytab, allowWeakEncryption: true, onEvent })
    expect(events).toMatchObject([{ encryptionType: 'rc4-hmac', sessionEncryptionType: 'rc4-hmac' }])
    peer.sendLine('go on')
    await exchangeMessages(peer, context)
    // Tokens of RFC 4121, which those of an rc4-hmac key are not.
    expect([...context.getMic(new Uint8Array(1)).subarray(0, 2)]).toEqual([4, 4])
  })
})

await describeRealms('Heimdal GSS-API', ['NORTH', 'python-gssapi'], (info) => {
  const { services, clients } = realmOf(info, 'NORTH')
  const { web } = services
  const libraries = clients?.libraries ?? ''
  let environment: Record<string, string>
  beforeAll(async () => {
    const alice = await kinit(info, 'NORTH', 'alice')
    const conf = join(info.directory, 'NORTH.TEST.conf')
    environment = { ...alice.environment, KRB5_CONFIG: conf, LD_LIBRARY_PATH: libraries }
  })
  const initiator = (...args: string[]) => {
    const program = [beside('heimdal-initiator.py'), join(libraries, 'libgssapi.so.3'), web.host, ...args]
    return converse('/usr/bin/python3', program, environment)
  }

  test.each(['krb5', 'spnego'])('as %s: both sides sign and seal messages', async (mechanism) => {
    await using peer = initiator(mechanism)
    const { identity, context } = await signOn(peer, { keytab: web.keytab })
    expect(identity.principal).toBe('alice@NORTH.TEST')
    peer.sendLine('go on')
    await exchangeMessages(peer, context)
  })

  test('hands its TGT over, unsealed inside the authenticator, with which the KDC gives tickets in its name', async () => {
    await using peer = initiator('spnego', 'delegate')
    const forwarded = forwardedLogin(
      await signOn(peer, { keytab: web.keytab, forwardedTickets: 'use' }),
      info,
      'forwarded-by-heimdal',
    )
    await runOk('kvno', [`${services.api.spn}@NORTH.TEST`], forwarded)
  })
})

await describeRealms('JGSS', ['EAST', 'java'], (info) => {
  const { web } = realmOf(info, 'EAST').services
  let alice: Login
  let classes: string
  beforeAll(async () => {
    alice = await kinit(info, 'EAST', 'alice')
    classes = await compileJava(info, 'Initiator', 'CacheLogin')
  })

  test.each(['krb5', 'spnego'])('as %s: both sides sign and seal messages', async (mechanism) => {
    const program = ['-cp', classes, 'Initiator', alice.ccache, web.host, mechanism]
    const conf = `-Djava.security.krb5.conf=${info.krb5Config}`
    await using peer = converse('java', [conf, ...program], alice.environment)
    const { identity, context } = await signOn(peer, { keytab: web.keytab })
    expect(identity.principal).toBe(PEER)
    peer.sendLine('go on')
    await exchangeMessages(peer, context)
  })

  test('hands its TGT over, with which the KDC gives tickets in its name', async () => {
    const program = ['-cp', classes, 'Initiator', alice.ccache, web.host, 'krb5', 'delegate']
    const conf = `-Djava.security.krb5.conf=${info.krb5Config}`
    await using peer = converse('java', [conf, ...program], alice.environment)
    const forwarded = forwardedLogin(
      await signOn(peer, { keytab: web.keytab, forwardedTickets: 'use' }),
      info,
      'forwarded-by-java',
    )
    await runOk('kvno', [realmOf(info, 'EAST').services.api.spn], forwarded)
  })
})
