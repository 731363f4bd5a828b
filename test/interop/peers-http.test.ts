import { decodeNegTokenInit, type NegTokenInit, unframe } from '@s4u/gssapi'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { kinit, type Login, realmOf, runOk } from '../realms/clients.js'
import type { RealmsInfo, Wanted } from '../realms/realm-info.js'
import { describeMissing, describeRealms } from '../realms/suite.js'
import {
  type Answer,
  beside,
  chromium,
  compileJava,
  curl,
  firefox,
  javaHttp,
  requestsKerberos,
  type Target,
} from './sign-on/clients.js'
import { npmKerberos } from './sign-on/npm-kerberos.js'
import { openService, type Service } from './sign-on/service.js'

/** HTTP clients, as they are installed, sign on to a `node:http` server. */
const PEER = 'alice@EAST.TEST'

interface Stage {
  readonly info: RealmsInfo
  readonly target: Target & { readonly service: Service }
  readonly login: Login
}

async function describeClient(title: string, tools: readonly Wanted[], tests: (stage: () => Stage) => void) {
  await describeRealms(`${title} signs on`, ['EAST', ...tools], (info) => {
    const { web } = realmOf(info, 'EAST').services
    let service: Service
    let login: Login
    beforeAll(async () => {
      service = await openService(`${info.block}.50`, { keytab: web.keytab })
      login = await kinit(info, 'EAST', 'alice')
    })
    beforeEach(() => service.forget())
    afterAll(() => service?.close())
    tests(() => ({ info, login, target: { host: web.host, service } }))
  })
}

function expectPeer({ status, body }: Answer): void {
  expect({ status, principal: JSON.parse(body).principal }).toEqual({ status: 200, principal: PEER })
}

/** The tokens that came, in order; undefined for a request without one. */
const tokensOf = ({ service }: Stage['target']) =>
  service.requests.map(({ authorization }) =>
    authorization === undefined ? undefined : new Uint8Array(Buffer.from(authorization.slice(10), 'base64')),
  )

function spnegoOf(token: Uint8Array | undefined): NegTokenInit {
  if (token === undefined) throw new Error('no token')
  return decodeNegTokenInit(unframe(token).innerToken)
}

await describeClient('curl', [], (stage) => {
  test('with its first request, unasked, and with a new token for each', async () => {
    const { target, login } = stage()
    for (const _ of [1, 2, 3]) expectPeer(await curl(target, login))
    const accepted = { outcome: 'accepted', framing: 'spnego', client: PEER }
    const { exchanges } = target.service
    expect(exchanges).toMatchObject([accepted, accepted, accepted])
    expect(exchanges.map(({ ticketSeenBefore }) => ticketSeenBefore)).toEqual([false, true, true])
  })

  test('not with NTLM, and the log says why', async () => {
    const { target, login } = stage()
    expect(await curl(target, login, ['--ntlm', '-u', 'CORP\\alice:pw'])).toMatchObject({ status: 401 })
    // curl asks for NTLM by its own name first; inside Negotiate it is what a Windows client falls
    // back to.
    const type1 = Buffer.from('NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2'.padEnd(40, '\0'), 'latin1').toString('base64')
    expect(await curl(target, login, ['-H', `Authorization: Negotiate ${type1}`])).toMatchObject({ status: 401 })
    const { code, hint } = target.service.exchanges.at(-1) ?? {}
    expect({ code, hint }).toMatchObject({ code: 'GSS_S_BAD_MECH', hint: expect.stringMatching(/SPN/) })
  })

  test('not without a ticket', async () => {
    const { target, login, info } = stage()
    const environment = { ...login.environment, KRB5CCNAME: `FILE:${join(info.directory, 'no-such-cache')}` }
    expect(await curl(target, { ...login, environment })).toMatchObject({ status: 401 })
  })
})

await describeClient('requests-kerberos', ['requests-kerberos'], (stage) => {
  test('after a 401, with raw Kerberos, and demands the proof of the service', async () => {
    const { target, login } = stage()
    expectPeer(await requestsKerberos(target, login))
    expect(tokensOf(target)[0]).toBeUndefined()
    expect(target.service.exchanges).toMatchObject([{ outcome: 'accepted', framing: 'krb5' }])
  })
})

await describeClient('Java (HttpURLConnection)', ['java'], (stage) => {
  test('after a 401, with SPNEGO and reqFlags', async () => {
    const { target, login, info } = stage()
    const classes = await compileJava(info, 'HttpClient', 'CacheLogin')
    expectPeer(await javaHttp(target, login, classes, info))
    const [none, token] = tokensOf(target)
    expect(none).toBeUndefined()
    expect(spnegoOf(token).reqFlags).toBeDefined()
  })
})

await describeClient('Chromium', ['chromium'], (stage) => {
  test('after a 401, without mutual authentication', async () => {
    const { target, login, info } = stage()
    const page = await chromium(target, login, join(info.directory, 'chromium'))
    expect(JSON.parse(page)).toMatchObject({ principal: PEER })
    expect(tokensOf(target)[0]).toBeUndefined()
    expect(spnegoOf(tokensOf(target).at(-1)).mechTypes.mechanisms).toEqual(['1.2.840.113554.1.2.2'])
  })
})

await describeClient('Firefox', ['firefox'], (stage) => {
  test('after a 401', async () => {
    const { target, login, info } = stage()
    await firefox(target, login, join(info.directory, 'firefox'))
    expect(target.service.exchanges).toContainEqual(expect.objectContaining({ outcome: 'accepted', client: PEER }))
  })
})

/** Native code that Debian has no package of: without a compiler there is nothing to test. */
const NPM_KERBEROS = 'npm kerberos'
const kerberos = await npmKerberos().then(
  (folder) => ({ folder }),
  ({ message }: Error) => ({ reason: message.split('\n')[0] }),
)
if ('reason' in kerberos) {
  process.stderr.write(`skipped: ${NPM_KERBEROS} signs on: ${kerberos.reason}\n`)
  describeMissing(`${NPM_KERBEROS} signs on`, NPM_KERBEROS, kerberos.reason)
} else {
  await describeClient(NPM_KERBEROS, [], (stage) => {
    test('with SPNEGO, and demands the proof of the service', async () => {
      const { target, login } = stage()
      const { address, port } = target.service
      const args = [beside('npm-kerberos-client.mjs'), kerberos.folder, target.host, address, String(port)]
      const answer = JSON.parse((await runOk(process.execPath, args, login)).stdout)
      expectPeer(answer)
      expect(answer.proved).toBe(true)
      expect(target.service.exchanges).toMatchObject([{ outcome: 'accepted', framing: 'spnego' }])
    })
  })
}
