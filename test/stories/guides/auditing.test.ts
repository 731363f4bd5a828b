import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { createNegotiator, writeAuditTo } from '@s4u/negotiate'
import { basic } from '@s4u/sign-in'
import type { TestRealm } from '@s4u/test-kdc'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { corporation, Desktop, PASSWORD, WEB } from '../fixtures/corporation.js'
import { fetchAs, Guide } from './guide.js'

/** docs/auditing.md: its programs, and its rules applied to records. */
const guide = new Guide('auditing')
let realm: TestRealm

beforeAll(async () => {
  realm = await corporation()
  await realm.listen()
  guide.settle(realm, 'web')
})
afterAll(async () => {
  guide.close()
  await realm[Symbol.asyncDispose]()
})

type Row = Readonly<Record<string, unknown>>
const rowsOf = (text: string): Row[] =>
  text
    .trim()
    .split('\n')
    .map((line): Row => JSON.parse(line))

test('the app writes a line for the caller, and for the ticket in the name of the caller', async () => {
  const url = await guide.serve('app.mjs')
  expect((await fetchAs(realm, 'alice', PASSWORD)(`${url}api`)).status).toBe(200)
  const written = (): string => readFileSync(join(guide.folder, 'audit.jsonl'), 'utf8')
  await expect.poll(written, { timeout: 10_000 }).toContain('s4u:impersonate')
  const rows = rowsOf(written())
  const accepted = rows.find(({ outcome }) => outcome === 'accepted')
  expect(accepted).toMatchObject({ channel: 's4u:accept', client: 'alice@AD.TEST', serviceRealm: 'AD.TEST' })
  const shown: Row = JSON.parse(guide.fences('json')[0])
  expect(Object.keys(shown).filter((name) => accepted?.[name] === undefined)).toEqual([])
  expect(rows).toContainEqual(expect.objectContaining({ channel: 's4u:impersonate', userName: 'alice' }))
  expect(rows).toContainEqual(expect.objectContaining({ channel: 's4u:kdc', step: 'S4U2Proxy', failureCode: '0x0' }))
})

test('a syslog server gets each record as a frame with its length in front', async () => {
  let heard = ''
  const server = createServer((socket: Socket) => socket.on('data', (chunk) => (heard += String(chunk))))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? String(address.port) : ''
  const url = await guide.serve('app-with-syslog.mjs', { SYSLOG_HOST: '127.0.0.1', SYSLOG_PORT: port })
  await fetchAs(realm, 'alice', PASSWORD)(url)
  await expect.poll(() => heard, { timeout: 10_000 }).toContain('alice@AD.TEST')
  server.close()
  const frames = framesOf(heard)
  for (const frame of frames) expect(frame).toMatch(/^<86>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ web \d+ audit - \{.*\}$/)
  expect(frames.filter((frame) => frame.includes('"outcome":"accepted"'))).toHaveLength(1)
})

/** RFC 6587 section 3.4.1: the number of octets, a space, and the message. */
function framesOf(text: string): string[] {
  const [, length, rest] = /^(\d+) ([^]*)$/.exec(text) ?? []
  if (length === undefined) return []
  return [rest.slice(0, Number(length)), ...framesOf(rest.slice(Number(length)))]
}

describe('the rules', () => {
  const rules = guide.fences('yaml').map((text) => parse(text))
  const [replayed, guessed, refused, ntlm] = rules.map(({ detection }): Row => detection.selection)
  const ordinary: Row[] = []
  const attack: Row[] = []

  const matching = (rows: readonly Row[], selection: Row): Row[] =>
    rows.filter((row) => Object.entries(selection).every(([name, value]) => row[name] === value))

  beforeAll(async () => {
    ordinary.push(...(await recorded(anOrdinaryMorning)))
    attack.push(...(await recorded(anAttack)))
  })

  test('say nothing about an ordinary morning', () => {
    expect(ordinary.filter(({ outcome }) => outcome === 'accepted').length).toBeGreaterThan(1)
    expect([replayed, guessed, refused, ntlm].flatMap((rule) => matching(ordinary, rule))).toEqual([])
  })

  test('find a token that was sent twice', () => {
    expect(matching(attack, replayed)).toMatchObject([{ clientAddress: '203.0.113.9', client: 'alice@AD.TEST' }])
  })

  test('find passwords that were tried, with the name of the account', () => {
    expect(matching(attack, guessed)).toMatchObject([
      { clientAddress: '203.0.113.9', source: 'basic', triedUser: 'bob' },
    ])
    expect(rules[1].detection.condition).toBe('selection | count() by clientAddress > 10')
  })

  test('find a delegation that the directory refused', () => {
    expect(matching(attack, refused)).toMatchObject([{ user: 'carol@AD.TEST', target: 'HTTP/api.ad.test' }])
  })

  test('find a caller with NTLM', () => {
    expect(matching(attack, ntlm)).toHaveLength(1)
  })
})

/** What is written down while something happens. */
async function recorded(happens: () => Promise<void>): Promise<Row[]> {
  const stream = new PassThrough()
  let text = ''
  stream.on('data', (chunk) => (text += String(chunk)))
  using _audit = writeAuditTo(stream)
  await happens()
  await new Promise((resolve) => setImmediate(resolve))
  return rowsOf(text)
}

function negotiator() {
  return createNegotiator({
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, delegation: { principal: 'web' } },
    ...{ signIn: [basic({ requireTls: false })], signInOptions: { attempts: { pace: 0 } } },
  })
}

const from = (remoteAddress: string, headers: Record<string, string>) => ({ headers, socket: { remoteAddress } })

async function anOrdinaryMorning(): Promise<void> {
  using web = negotiator()
  for (const user of ['alice', 'bob']) {
    const authorization = await new Desktop(realm, user).authorization(WEB)
    const outcome = await web.authenticate(from('192.0.2.7', { authorization }))
    if (outcome.status !== 'authenticated') throw new Error(`${user} was not let in`)
    using caller = outcome.identity.impersonate()
    await caller.ticketFor('HTTP/api.ad.test')
  }
}

async function anAttack(): Promise<void> {
  using web = negotiator()
  const authorization = await new Desktop(realm, 'alice').authorization(WEB)
  await web.authenticate(from('192.0.2.7', { authorization }))
  await web.authenticate(from('203.0.113.9', { authorization }))
  const guess = `Basic ${Buffer.from('bob:Summer2026').toString('base64')}`
  await web.authenticate(from('203.0.113.9', { authorization: guess }))
  const ntlm = `Negotiate ${Buffer.from('NTLMSSP\0\u0001\0\0\0').toString('base64')}`
  await web.authenticate(from('203.0.113.9', { authorization: ntlm }))
  const carol = createKdcClient({
    credentials: { principal: 'carol@AD.TEST', password: PASSWORD },
    kdc: realm.transport,
  })
  const token = createInitiator({ ticket: await carol.ticketFor(WEB), now: Date.now })
  const outcome = await web.authenticate(from('192.0.2.8', { authorization: token.authorization }))
  if (outcome.status !== 'authenticated') throw new Error('carol was not let in')
  using caller = outcome.identity.impersonate()
  await expect(caller.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_BADOPTION' })
}
