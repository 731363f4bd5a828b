import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { OpenedCookies } from './opened-cookies.js'
import { createSealedBox } from './sealed-box.js'
import type { SessionTicket } from './session-ticket.js'

const boxOf = (key: string) => createSealedBox([key], 's4u session test', (length) => new Uint8Array(length))

function ticketOf(id: string): SessionTicket {
  const { ticket } = issueTicket(serviceNamed())
  const who = {
    principal: 'alice@AD.TEST',
    method: 'kerberos',
    level: 'impersonation',
    origin: 'presented',
  } as const
  return { id, ...who, startedAt: 0, expiresAt: 1, ticket }
}

test('a cookie is found by all of its characters, and only under the box that opened it', () => {
  const [opened, box, ticket] = [new OpenedCookies(), boxOf('one'), ticketOf('1')]
  opened.keep('abc', box, ticket)
  expect(opened.find('abc', box)).toBe(ticket)
  expect(opened.find('abC', box)).toBeUndefined()
  expect(opened.find('ab', box)).toBeUndefined()
  expect(opened.find('abc', boxOf('one'))).toBeUndefined()
})

test('nothing that one box has opened is found after another one', () => {
  const [opened, first, second] = [new OpenedCookies(), boxOf('one'), boxOf('two')]
  opened.keep('abc', first, ticketOf('1'))
  opened.keep('def', second, ticketOf('2'))
  expect(opened.size).toBe(1)
  expect(opened.find('abc', second)).toBeUndefined()
  expect(opened.find('abc', first)).toBeUndefined()
})

test('the least recently used goes first when 8 million characters are kept', () => {
  const [opened, box] = [new OpenedCookies(), boxOf('one')]
  const [large, ticket] = ['x'.repeat(1024 * 1024), ticketOf('1')]
  for (let index = 0; index < 7; index++) opened.keep(`${index}${large}`, box, ticket)
  expect(opened.find(`0${large}`, box)).toBe(ticket)
  opened.keep(`7${large}`, box, ticket)
  expect(opened.size).toBe(7)
  expect(opened.find(`1${large}`, box)).toBeUndefined()
  expect(opened.find(`0${large}`, box)).toBe(ticket)
})

test('what else a client has sent beside a cookie is not kept with it', () => {
  const [opened, box, ticket] = [new OpenedCookies(), boxOf('one'), ticketOf('1')]
  const before = octetsInUse()
  for (let index = 0; index < 500; index++) {
    const header = Buffer.alloc(60_000, `${index} `).toString('latin1')
    opened.keep(header.slice(0, 1_000), box, ticket)
  }
  expect(octetsInUse() - before).toBeLessThan(10_000_000)
  expect(opened.size).toBe(500)
})

function octetsInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  return process.memoryUsage().heapUsed
}
