/**
 * What users, attackers and auditors find, whatever the way to sign in: one list for all sources.
 */

import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { ACCEPT_CHANNEL } from '@s4u/acceptor'
import { formatPrincipal } from '@s4u/krb5'
import { type Negotiator, type NegotiatorOptions, writeAuditTo } from '@s4u/negotiate'
import { afterAll, describe, expect, test } from 'vitest'
import { type CertifiedAnswer, certifiedSite } from '../fixtures/certified-site.js'
import { API, corporation } from '../fixtures/corporation.js'
import { stacks, type Stack, type Visit } from '../fixtures/stacks.js'
import { basicUnderTest } from './sources/basic.js'
import { bearerUnderTest } from './sources/bearer.js'
import { certificateUnderTest } from './sources/certificate.js'
import { digestUnderTest } from './sources/digest.js'
import { formUnderTest } from './sources/form.js'
import { oidcUnderTest } from './sources/oidc.js'
import { passcodeUnderTest } from './sources/passcode.js'
import { trustedHeaderUnderTest } from './sources/trusted-header.js'
import type { Sent, SourceUnderTest, Whose } from './sources/source-under-test.js'

const sources: readonly SourceUnderTest[] = [
  formUnderTest,
  basicUnderTest,
  passcodeUnderTest,
  digestUnderTest,
  certificateUnderTest,
  oidcUnderTest,
  bearerUnderTest,
  trustedHeaderUnderTest,
]

await using realm = await corporation()
afterAll(() => Promise.all(sources.map((source) => source.close?.())))

const handle = async ({ identity }: Visit): Promise<unknown> => {
  using acting = identity?.impersonate()
  const backend = await acting?.ticketFor(API)
  return {
    who: identity?.principal,
    how: identity?.authenticationMethod,
    backendSees: backend && formatPrincipal(backend.client),
  }
}

async function site(source: SourceUnderTest, stack: Stack, more: NegotiatorOptions = {}) {
  const options: NegotiatorOptions = {
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    session: { kind: 'cookie', keys: ['k'.repeat(32)] },
    signInOptions: { attempts: { pace: 0 } },
    now: () => realm.now,
    signIn: [await source.create()],
    ...source.options,
    ...more,
  }
  const built = stack.build({ options, handle })
  const served = await certifiedSite(built.listener, source.listener, source.port)
  const { negotiator }: { negotiator: Negotiator } = built
  return {
    served,
    negotiator,
    listener: built.listener,
    show: (whose: Whose, headers: Sent['headers'] = {}, method: Sent['method'] = 'GET') =>
      source.show(served, whose, { headers, method }),
    who: async (cookie: string): Promise<unknown> =>
      JSON.parse((await served.visit('/', { headers: { cookie } })).body),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      negotiator[Symbol.dispose]()
    },
  }
}

/** What a client sees, without the values that are new in each answer. */
const seen = ({ status, headers, body }: CertifiedAnswer): unknown => ({
  status,
  headers: Object.keys(headers).filter((name) => name !== 'set-cookie'),
  body: body.replaceAll(/value="[^"]*"/g, ''),
})

const sessionIn = ({ cookies }: CertifiedAnswer): string => /__Host-s4u=[^;]*/.exec(cookies)?.[0] ?? ''

describe.each(sources)('$name', (source) => {
  const { name, method = name } = source
  const [express] = stacks

  describe.each(stacks.filter((stack) => ['Express 5', 'Koa 3'].includes(stack.name)))('in $name', (stack) => {
    test('makes a user known, whom the service acts for towards a backend, with this request or a session', async () => {
      await using at = await site(source, stack)
      const answer = await at.show('alice')
      const alice = { who: 'alice@AD.TEST', how: method, backendSees: 'alice@AD.TEST' }
      if (answer.status !== 303) expect([answer.status, JSON.parse(answer.body)]).toEqual([200, alice])
      expect(sessionIn(answer) !== '').toBe(source.beginsSession)
      if (source.beginsSession) expect(await at.who(sessionIn(answer))).toEqual(alice)
    })

    test('refuses an unknown user and what is wrong, and begins no session', async () => {
      await using at = await site(source, stack)
      const answers = [await at.show('unknown'), await at.show('wrong')]
      for (const answer of answers) {
        expect([401, 403]).toContain(answer.status)
        expect(sessionIn(answer)).toBe('')
      }
      // Who tries secrets must not learn who exists.
      if (source.isGuessable) expect(seen(answers[1])).toEqual(seen(answers[0]))
    })

    storyIf(source.beginsSession)('ends with the session at sign-out', async () => {
      await using at = await site(source, stack)
      const cookie = sessionIn(await at.show('alice'))
      const away = (from: string) =>
        at.served.visit('/.s4u/sign-out', { method: 'POST', headers: { cookie, 'sec-fetch-site': from } })
      expect((await away('cross-site')).status).toBe(403)
      const answer = await away('same-origin')
      expect([answer.status, answer.cookies]).toEqual([303, ''])
      expect(answer.headers['set-cookie']).toEqual([expect.stringMatching(/^__Host-s4u=;.*Max-Age=0/)])
    })
  })

  storyIf(source.beginsSession)(
    'puts the user who signs in in the place of another whose session the browser has',
    async () => {
      await using at = await site(source, express)
      const first = sessionIn(await at.show('bob'))
      const second = sessionIn(await at.show('alice', { cookie: first }))
      expect(second).not.toBe(first)
      expect(await at.who(second)).toMatchObject({ who: 'alice@AD.TEST' })
    },
  )

  test('tells the audit who came and how, and who was refused and why', async () => {
    await using at = await site(source, express)
    const { accepted, refused } = await audited(async () => {
      await at.show('alice')
      await at.show('wrong')
    })
    expect(accepted).toEqual([
      {
        ...{ time: expect.any(String), channel: ACCEPT_CHANNEL, kind: 'exchange', outcome: 'accepted', source: name },
        ...{ client: 'alice@AD.TEST', clientSid: expect.stringMatching(/^S-1-5-21-/), clientAddress: '127.0.0.1' },
        impersonationLevel: 'delegation',
      },
    ])
    expect(refused).toMatchObject([
      {
        ...{ kind: 'exchange', outcome: 'refused', source: name, clientAddress: '127.0.0.1' },
        ...{ code: expect.any(String), message: expect.any(String) },
      },
    ])
    // Whom somebody tried to be: the caller is not told, and the log is.
    expect(refused[0].triedUser).toBe(source.isGuessable ? 'alice' : undefined)
    const { signIn } = at.negotiator.counters
    expect(signIn[name]).toEqual({ signedIn: 1, refused: { [String(refused[0].code)]: 1 } })
  })

  test('is a span of OpenTelemetry, by the example, with its name, and a refusal as an error', async () => {
    await using at = await site(source, express)
    const path = '../../../examples/opentelemetry-spans.mjs'
    const { recordSpans } = await import(path)
    const spans: { name: string; attributes: Record<string, unknown>; status?: object }[] = []
    const stop = recordSpans({
      startSpan(span: string, { attributes }: { attributes: Record<string, unknown> }) {
        const made: (typeof spans)[number] = { name: span, attributes }
        if (attributes['s4u.source'] !== undefined) spans.push(made)
        return { setStatus: (status: object) => void (made.status = status), end: () => {} }
      },
    })
    await at.show('alice')
    await at.show('wrong')
    stop()
    const same = { 's4u.source': name, 's4u.client_address': '127.0.0.1' }
    expect(spans).toMatchObject([
      { name: 'kerberos accept exchange', attributes: { ...same, 's4u.client': 'alice@AD.TEST' } },
      { name: 'kerberos accept exchange', attributes: same, status: { code: 2, message: expect.any(String) } },
    ])
    expect(spans[0]).not.toHaveProperty('status')
  })

  test('shows no secret: not in answers, events, the audit or the log, nor when it is printed', async () => {
    const told: unknown[] = []
    const lines: string[] = []
    const line = (text: string): void => void lines.push(text)
    const logger = { error: line, warn: line, info: line, debug: line }
    const more = { logger, onFailed: keep, onAuthenticated: keep, onChallenge: keep }
    await using at = await site(source, express, more)
    function keep({ request: _request, ...event }: { request: unknown }): void {
      told.push(event)
    }
    const answers: CertifiedAnswer[] = []
    const { text } = await audited(async () => {
      for (const whose of ['alice', 'wrong', 'unknown'] as const) answers.push(await at.show(whose))
    })
    expect(told.length).toBeGreaterThanOrEqual(3)
    const printed = [at.negotiator, await source.create(), told, answers].map((one) =>
      inspect(one, { depth: 9, showHidden: true }),
    )
    for (const secret of source.secrets)
      for (const shown of [...printed, ...lines, text]) expect(shown).not.toContain(secret)
  })

  storyIf(source.isGuessable)(
    'is asked no more after too many wrong secrets, whoever knows the right one',
    async () => {
      await using at = await site(source, express, { signInOptions: { attempts: { pace: 0, perUser: 3 } } })
      for (let times = 0; times < 3; times++) expect([401, 403]).toContain((await at.show('wrong')).status)
      const answer = await at.show('alice')
      expect([answer.status, sessionIn(answer)]).toEqual([429, ''])
      expect(answer.headers['retry-after']).toMatch(/^\d+$/)
      expect((await at.show('bob')).status).not.toBe(429)
    },
  )

  storyIf(source.fromOtherSite)(
    'is used by a page of another site only where no browser adds it by itself',
    async () => {
      await using at = await site(source, express)
      const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', origin: 'https://evil.test' }
      const answer = await at.show('alice', foreign, 'POST')
      const isTaken = source.fromOtherSite === 'taken'
      expect([answer.status, sessionIn(answer)]).toEqual([isTaken ? 200 : 403, ''])
      expect(at.negotiator.counters.failed).toEqual(isTaken ? {} : { S4U_CROSS_SITE: 1 })
    },
  )

  test('is not offered without TLS', async () => {
    await using at = await site(source, express)
    const plain = createServer({ maxHeaderSize: 1 << 16 }, at.listener).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const { port } = plain.address() as AddressInfo
    for (const accept of ['application/json', 'text/html']) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept } })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
      expect(await answer.text()).not.toContain('<form')
    }
    plain.close()
  })
})

/** A story that this source cannot have is no skipped test. */
function storyIf(applies: unknown): (title: string, story: () => Promise<void>) => void {
  return (title, story) => {
    if (applies) test(title, story)
  }
}

interface Audit {
  readonly text: string
  readonly accepted: readonly Record<string, unknown>[]
  readonly refused: readonly Record<string, unknown>[]
}

/** What the audit has of callers while something is done. */
async function audited(act: () => Promise<void>): Promise<Audit> {
  let text = ''
  const stream = new Writable({ write: (chunk, _encoding, done) => ((text += String(chunk)), done()) })
  {
    using _audit = writeAuditTo(stream)
    await act()
  }
  const records: Record<string, unknown>[] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const ofCallers = records.filter(({ channel }) => channel === ACCEPT_CHANNEL).map(({ service: _, ...one }) => one)
  const bySources = ofCallers.filter(({ source }) => source !== undefined)
  return {
    text,
    accepted: bySources.filter(({ outcome }) => outcome === 'accepted'),
    refused: bySources.filter(({ outcome }) => outcome === 'refused'),
  }
}
