/** What an acceptor says of options, keytabs and negotiations that are wrong. */
import { encodeNegTokenInit, encodeNegTokenResp } from '@s4u/gssapi'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AcceptorOptions } from './acceptor-options.js'
import { checkOptions, servicesOf } from './acceptor-settings.js'
import { NOW } from '../fixtures/issued-token.js'
import { acceptorWith, continued, refused } from '../fixtures/outcomes.js'
import { type KeytabSource, keytabLocations } from '../keys/keytab-source.js'
import { unsupportedMechanism } from '../negotiation/unsupported-mechanism.js'

const configuration = (message: string, more: object = {}) =>
  expect.objectContaining({ name: 'ConfigurationError', message, ...more })

describe('an option', () => {
  test.each<[unknown, string]>([
    [{ clockSkew: -1 }, 'clockSkew must be a whole number from 0 to 3600000, not -1'],
    [{ clockSkew: 3_600_001 }, 'clockSkew must be a whole number from 0 to 3600000, not 3600001'],
    [{ clockSkew: 1.5 }, 'clockSkew must be a whole number from 0 to 3600000, not 1.5'],
    [{ clockSkew: '5' }, 'clockSkew must be a whole number from 0 to 3600000, not "5"'],
    [{ openedTicketCacheSize: -1 }, 'openedTicketCacheSize must be a whole number from 0 to 1000000, not -1'],
    [
      { openedTicketCacheSize: 1_000_001 },
      'openedTicketCacheSize must be a whole number from 0 to 1000000, not 1000001',
    ],
    [{ channelBinding: 'on' }, 'channelBinding must be one of off, allow, require, not "on"'],
    [{ onReplayStoreDown: 'fail' }, 'onReplayStoreDown must be one of refuse, accept, not "fail"'],
    [{ forwardedTickets: 'keep' }, 'forwardedTickets must be one of ignore, use, not "keep"'],
    [{ replayCache: {} }, 'replayCache must be a ReplayStore or false'],
    [{ replayCache: { remember: true } }, 'replayCache must be a ReplayStore or false'],
    [{ permittedEncryptionTypes: [] }, 'permittedEncryptionTypes must be a list of numbers, not a list'],
    [{ permittedEncryptionTypes: 'aes' }, 'permittedEncryptionTypes must be a list of numbers, not "aes"'],
    [{ krb5Config: 7 }, 'krb5Config must be a text, not 7'],
    [{ krb5Config: '/nowhere/krb5.conf' }, 'cannot read /nowhere/krb5.conf, which is named as krb5.conf'],
    [{ localNames: 7 }, "localNames must be rules, { rules, names }, a Krb5Conf, 'krb5.conf' or a function"],
    [{ localNames: null }, "localNames must be rules, { rules, names }, a Krb5Conf, 'krb5.conf' or a function"],
  ])('%j is refused with what it may be', (options, message) => {
    expect(() => checkOptions(options as AcceptorOptions)).toThrow(configuration(message))
  })

  test('service names a principal, or several, or none of them', () => {
    expect(servicesOf({})).toBeUndefined()
    expect(servicesOf({ service: 'a' })).toEqual(['a'])
    expect(servicesOf({ service: ['a', 'b'] })).toEqual(['a', 'b'])
    expect(() => servicesOf({ service: [] })).toThrow(configuration('service must name at least one principal'))
  })

  test('that is left out means what is safe', () => {
    const { requirePac, mayVouchFor, foreignPac, localName, domainSids, replayStore, ...rest } = checkOptions({})
    expect(rest).toMatchObject({
      clockSkew: 300_000,
      now: Date.now,
      random: undefined,
      rememberedFor: 301_000,
      acceptWithoutReplayStore: false,
      channelBinding: 'off',
      noPacMeansNoGroups: false,
      permits: expect.any(Function),
      trustedRealms: undefined,
      allowAnonymous: false,
      checkAddresses: false,
      useForwardedTickets: false,
      openedTicketCacheSize: 4_096,
    })
    expect(replayStore).toBeDefined()
    expect([requirePac('AD.TEST'), mayVouchFor('A', 'B'), foreignPac('A').size]).toEqual([false, false, 0])
    expect(localName({ realm: 'A', name: { nameType: 1, nameString: ['bob'] } }, 'A')).toBe('bob')
    domainSids.learn('AD.TEST', 'S-1-5-21-1-2-3')
    expect(requirePac('ad.test')).toBe(true)
  })

  test('that is given is heeded, at its least and its most', () => {
    const given = { allowAnonymous: true, checkAddresses: true, trustedRealms: ['B'] }
    expect(checkOptions({ ...given, allowWeakEncryption: true }).permits(23)).toBe(true)
    expect(checkOptions({ ...given, clockSkew: 0, openedTicketCacheSize: 0 })).toMatchObject({
      ...given,
      clockSkew: 0,
      openedTicketCacheSize: 0,
      rememberedFor: 1_000,
    })
    const remember = () => 'fresh' as const
    const most = checkOptions({ clockSkew: 3_600_000, openedTicketCacheSize: 1_000_000, replayCache: { remember } })
    expect(most).toMatchObject({ clockSkew: 3_600_000, openedTicketCacheSize: 1_000_000, rememberedFor: 7_201_000 })
    expect(most.replayMemory).toBe(most.replayStore)
    expect(checkOptions({ replayCache: false }).replayStore).toBeUndefined()
    expect(checkOptions({ onReplayStoreDown: 'accept' }).acceptWithoutReplayStore).toBe(true)
    expect(checkOptions({ forwardedTickets: 'use' }).useForwardedTickets).toBe(true)
    expect(checkOptions({ requirePac: false })).toMatchObject({ noPacMeansNoGroups: true })
    expect(checkOptions({ requirePac: true }).requirePac('ANY.TEST')).toBe(true)
    expect(checkOptions({ requirePac: true }).noPacMeansNoGroups).toBe(false)
    const listed = checkOptions({ requirePac: ['Ad.Test'] }).requirePac
    expect([listed('AD.TEST'), listed('B.TEST')]).toEqual([true, false])
    expect(checkOptions({ requirePac: false }).requirePac('AD.TEST')).toBe(false)
    expect(checkOptions({ domainSids: { 'AD.TEST': false } }).requirePac('AD.TEST')).toBe(false)
  })
})

const EMPTY = 'Name a file, as in FILE:/etc/web.keytab; or leave it out, for KRB5_KTNAME or /etc/krb5.keytab.'

describe('a keytab', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const read = (source: KeytabSource) => keytabLocations(source).map((place) => place.loadNow())

  test.each<[unknown, string, object]>([
    [7, 'keytab must be a path, octets, a Keytab, a function that gives one, or a list of these', {}],
    [{}, 'keytab must be a path, octets, a Keytab, a function that gives one, or a list of these', {}],
    ['', 'keytab must not be an empty path', { code: 'KRB5_KT_NOTFOUND', hint: EMPTY }],
    ['FILE:', 'keytab must not be an empty path', { code: 'KRB5_KT_NOTFOUND', hint: EMPTY }],
    ...['MEMORY', 'ANY', 'SRVTAB', 'JAVA14', 'AFSKEYFILE', 'HDBGET', 'KEYRING', 'DIR'].map(
      (type): [unknown, string, object] => [
        `${type}:x`,
        `keytab: keytabs of type ${type} cannot be read`,
        { code: 'KRB5_KT_UNKNOWN_TYPE', hint: 'Name a file, with or without FILE: in front.' },
      ],
    ),
    ['Secret7:x', 'keytab: keytabs of another type than FILE cannot be read', { code: 'KRB5_KT_UNKNOWN_TYPE' }],
    [
      '/nowhere/x.keytab',
      'the keytab /nowhere/x.keytab does not exist',
      {
        code: 'KRB5_KT_NOTFOUND',
        hint: 'Name the file in the option keytab or in KRB5_KTNAME. s4u keytab create, samba-tool domain exportkeytab, ktpass and kadmin ktadd write one.',
      },
    ],
  ])('%j is refused', (source, message, more) => {
    expect(() => read(source as KeytabSource)).toThrow(configuration(message, more))
  })

  test('that is a folder is told so', () => {
    for (const path of [folder, `${folder}/`])
      expect(() => read(path)).toThrow(
        configuration(`the keytab ${path} is a folder`, {
          code: 'KRB5_KT_IOERR',
          hint: `Name the file in it: ${folder}/NAME.keytab.`,
        }),
      )
  })

  test('that is larger than any is not read', () => {
    const path = join(folder, 'large.keytab')
    writeFileSync(path, '')
    truncateSync(path, 32 * 1024 * 1024 + 1)
    expect(() => read(path)).toThrow(
      configuration(`${path} is no keytab: it has 33554433 octets, 33554432 is the most`, { code: 'KRB5_KT_FORMAT' }),
    )
    truncateSync(path, 32 * 1024 * 1024)
    expect(() => read(path)).toThrow(/is not a keytab/)
  })

  test('of a provider must be one, and its failure is told', async () => {
    const of = async (provider: () => unknown) => {
      const acceptor = acceptorWith({ keytab: provider as () => Uint8Array })
      return acceptor.ready()
    }
    await expect(of(() => 7)).rejects.toThrow(
      configuration('the keytab provider gave neither octets nor a Keytab, nor one in base64'),
    )
    const cause = new Error('vault')
    await expect(of(() => Promise.reject(cause))).rejects.toThrow(
      configuration('the keytab provider failed', { code: 'KRB5_KT_IOERR', cause }),
    )
  })
})

describe('a negotiation', () => {
  const hello = encodeNegTokenInit({ mechanisms: ['1.2.840.113554.1.2.2'] }).token
  const next = encodeNegTokenResp({ negState: 'reject' })

  test('that took too long, or had its token, or is another’s, is refused with the reason', async () => {
    let now = NOW
    const acceptor = acceptorWith({ now: () => now })
    const begin = async () => continued(await acceptor.accept(hello)).negotiation
    const why = async (negotiation: Awaited<ReturnType<typeof begin>>) => {
      const { code, message } = refused(await acceptor.accept(next, { negotiation })).error
      return [code, message]
    }
    const [late, exact, used] = [await begin(), await begin(), await begin()]
    expect([late.expiresAt, Object.isFrozen(late)]).toEqual([NOW + 60_000, true])
    await why(used)
    expect(await why(used)).toEqual(['GSS_S_NO_CONTEXT', 'the negotiation had its next token already'])
    now += 60_000
    expect((await why(exact))[0]).toBe('GSS_S_FAILURE')
    now += 1
    expect(await why(late)).toEqual(['GSS_S_NO_CONTEXT', 'the negotiation took too long'])
    const { negotiation } = continued(await acceptorWith().accept(hello))
    await expect(acceptor.accept(next, { negotiation })).rejects.toThrow(
      configuration('negotiation was not made by this acceptor'),
    )
  })

  test('of a closed acceptor is refused', async () => {
    const acceptor = acceptorWith()
    acceptor.close()
    expect(refused(await acceptor.accept(hello)).error).toMatchObject({
      name: 'ConfigurationError',
      code: 'S4U_CLOSED',
      message: 'the acceptor is closed',
    })
  })
})

describe('a client that comes with something else than Kerberos is told', () => {
  const WINDOWS =
    'Windows falls back to NTLM when it gets no ticket. The usual causes: the URL has an IP address instead of a name, the site is not in the intranet zone, the SPN HTTP/host is missing or on two accounts (setspn -X), or the client is not in the domain or cannot reach a domain controller.'
  const eleven = Array.from({ length: 11 }, (_, at) => `1.2.${at}`)

  test.each<[string, readonly string[], string, string]>([
    ['ntlm', [], 'with NTLM', WINDOWS],
    [
      'negoex',
      ['1.2'],
      'with NegoEx; it offered 1.2',
      'The client is joined to a cloud directory and found no domain controller that knows this host: register the SPN HTTP/host.',
    ],
    [
      'iakerb',
      ['1.2', '1.3'],
      'with IAKERB; it offered 1.2, 1.3',
      'The client cannot reach a KDC itself and asks the service to pass its messages on, which is not done here.',
    ],
    [
      'unknown',
      eleven.slice(0, 10),
      `with an unknown mechanism; it offered ${eleven.slice(0, 10).join(', ')}`,
      'Only Kerberos is accepted here.',
    ],
    [
      'unknown',
      ['1.2.3', '1.2.840.48018.1.2.2'],
      'with an unknown mechanism; it offered 1.2.3, 1.2.840.48018.1.2.2',
      'Only Kerberos is accepted here.',
    ],
    [
      'unknown',
      eleven,
      `with an unknown mechanism; it offered ${eleven.slice(0, 10).join(', ')}, …`,
      'Only Kerberos is accepted here.',
    ],
  ])('%s', (mechanism, offered, message, hint) => {
    expect(unsupportedMechanism(mechanism, offered)).toMatchObject({
      name: 'RejectedTokenError',
      code: 'GSS_S_BAD_MECH',
      message: `the client did not come with Kerberos but ${message}`,
      hint,
    })
  })
})

test('Kerberos under the number that stands in lists alone is not called unknown', () => {
  expect(unsupportedMechanism('unknown', ['1.2.840.48018.1.2.2'])).toMatchObject({
    code: 'GSS_S_BAD_MECH',
    message:
      'the client came with Kerberos under the number 1.2.840.48018.1.2.2, which stands in lists of SPNEGO alone',
    hint: "Its token must be framed with 1.2.840.113554.1.2.2, inside of SPNEGO or without it: update the client's GSS-API library.",
  })
})
