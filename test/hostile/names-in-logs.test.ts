/**
 * What a user types into a login form, and what a KDC says, ends in logs: it must not act there.
 */
import { IMPERSONATE_CHANNEL, createNegotiator, writeAuditTo } from '@s4u/negotiate'
import { KDC_CHANNEL, KdcError, KdcUnreachableError } from '@s4u/kdc-client'
import { MalformedTokenError } from '@s4u/krb5'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { PassThrough } from 'node:stream'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { adTest } from './kdc-client-realm.js'

const ACTS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u3164]/u
const names = [
  'x\r\nFORGED LOG LINE',
  '\u001b[2J\u001b]0;owned\u0007x',
  '\u202ecod.ecila',
  'a\u200bl\u200dice\ufeff',
  'x\u0085y\u2028z',
  'alice\u3164',
  '<script>alert(1)</script>',
]

/** Every text in a value, but what only debuggers look at. */
function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || depth > 6 || value instanceof Uint8Array) return []
  const own =
    value instanceof Error ? { ...value, message: value.message, hint: 'hint' in value ? value.hint : '' } : value
  return Object.entries(own).flatMap(([key, one]) => (key === 'stack' ? [] : textsIn(one, depth + 1)))
}

test.each(names)('%j typed for a user is codes in events, in the audit and in errors', async (name) => {
  const realm = await adTest()
  const events: unknown[] = []
  const listen = (event: unknown): void => void events.push(event)
  for (const one of [KDC_CHANNEL, IMPERSONATE_CHANNEL]) subscribe(one, listen)
  const lines: Buffer[] = []
  const stream = new PassThrough().on('data', (chunk: Buffer) => lines.push(chunk))
  const audit = writeAuditTo(stream)
  const negotiator = createNegotiator({
    keytab: realm.keytabFor('web'),
    service: 'web',
    kdc: realm.transport,
    delegation: { principal: 'web', protocolTransition: true },
  })
  try {
    const fault: unknown = await negotiator.identityFor(name).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(Error)
    for (const text of textsIn(fault).flatMap((one) => one.split('\n'))) expect(text).not.toMatch(ACTS)
    await new Promise((resolve) => setImmediate(resolve))
    expect(events.length).toBeGreaterThan(0)
    for (const text of events.flatMap((event) => textsIn(event))) expect(text).not.toMatch(ACTS)
    const written = Buffer.concat(lines).toString().trimEnd().split('\n')
    expect(written.length).toBe(events.length)
    for (const line of written) {
      expect(line).not.toMatch(ACTS)
      expect(JSON.parse(line)).toHaveProperty('channel')
    }
  } finally {
    audit[Symbol.dispose]()
    for (const one of [KDC_CHANNEL, IMPERSONATE_CHANNEL]) unsubscribe(one, listen)
    negotiator[Symbol.dispose]()
  }
})

test.each(names)('%j in any event is an escape of JSON in the audit, and the same text to who parses it', (name) => {
  const lines: string[] = []
  const audit = writeAuditTo(new PassThrough().on('data', (chunk: Buffer) => lines.push(chunk.toString())))
  channel(KDC_CHANNEL).publish({ kind: 'exchange', text: `${name}\u202e😀` })
  audit[Symbol.dispose]()
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    const [line] = lines
    expect(line.trimEnd()).not.toMatch(ACTS)
    expect(JSON.parse(line)).toMatchObject({ text: `${name}\u202e😀` })
  })
})

test.each(names)('%j is codes in the properties of errors too, and when they are inspected', (text) => {
  for (const error of [
    new MalformedTokenError({ path: text, expected: text, found: text }),
    new KdcUnreachableError(text, [{ address: text, reason: text }]),
    new KdcError({ step: 'AS', account: 'a', target: 'b', errorCode: 6 }, { hint: text }),
  ])
    for (const line of [...textsIn(error), inspect({ ...error })].flatMap((one) => one.split('\n')))
      expect(line).not.toMatch(ACTS)
})
