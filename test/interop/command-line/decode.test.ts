import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeCcache, encode, formatPrincipal, Ticket } from '@s4u/krb5'
import { type Place, placeWithRealm } from './realm.js'
import { s4u, s4uJson, s4uOk } from './s4u-process.js'

let place: Place
beforeAll(async () => {
  place = await placeWithRealm()
  await s4uOk(['kinit', 'alice'], place.as('cc', { input: 'wonderland\n' }))
  await s4uOk(['kvno', 'HTTP/web.ad.test'], place.as('cc'))
  const { credentials } = decodeCcache(readFileSync(place.at('cc')))
  const web = credentials.find(({ server }) => formatPrincipal(server).startsWith('HTTP/web'))
  if (web === undefined) throw new Error('no ticket for web')
  writeFileSync(place.at('ticket'), encode(Ticket, web.ticket))
})
afterAll(() => place[Symbol.asyncDispose]())

describe('s4u decode', () => {
  test('reads a file, an argument and the standard input alike', async () => {
    const octets = readFileSync(place.at('ticket'))
    const ofFile = await s4uJson(['decode', place.at('ticket')], place.as('cc'))
    const ofText = await s4uJson(['decode', octets.toString('base64')], place.as('cc'))
    const ofInput = await s4uJson(['decode'], place.as('cc', { input: octets.toString('hex') }))
    expect(ofFile).toMatchObject({
      writtenAs: 'binary',
      decoded: { name: 'Ticket', value: 'HTTP/web.ad.test@AD.TEST' },
    })
    expect(ofText).toEqual({ ...ofFile, writtenAs: 'base64' })
    expect(ofInput).toEqual({ ...ofFile, writtenAs: 'hexadecimal' })
  })

  test('opens a ticket with the keytab of its service, and prints no key', async () => {
    const args = ['decode', '-t', place.at('svc-web.keytab'), place.at('ticket')]
    const { stdout } = await s4uOk(args, place.as('cc'))
    expect(stdout).toContain('client: alice@AD.TEST')
    expect(stdout).toContain('(Domain Users)')
    expect(stdout).not.toMatch(/[\da-f]{32}/)
    expect((await s4uOk([...args, '--show-secrets'], place.as('cc'))).stdout).toMatch(/session key: \S+ [\da-f]{64}/)
  })

  test('shows a credential cache without its keys', async () => {
    const { stdout } = await s4uOk(['decode', place.at('cc')], place.as('cc'))
    expect(stdout).toContain('credential cache: alice@AD.TEST')
    expect(stdout).not.toMatch(/[\da-f]{32}/)
  })

  test('is 1 for the shell where it is none of these, and 2 where there is nothing', async () => {
    expect(await s4u(['decode', 'hello'], place.as('cc'))).toMatchObject({ status: 1, stdout: '' })
    expect(await s4u(['decode'], place.as('cc'))).toMatchObject({ status: 2, stdout: '' })
  })
})
