import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { createNegotiator, respond, writeHeaders } from '@s4u/negotiate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Place, placeWithRealm } from './realm.js'
import { s4u, s4uJson, s4uOk } from './s4u-process.js'

let place: Place
let server: Server
let url: string
beforeAll(async () => {
  place = await placeWithRealm({
    services: {
      'svc-web': {
        spns: ['HTTP/web.ad.test', 'HTTP/localhost'],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: ['HTTP/localhost'],
      },
      'svc-api': {
        spns: ['HTTP/api.ad.test'],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: ['HTTP/localhost'],
      },
    },
  })
  const negotiator = createNegotiator({ keytab: place.realm.keytabFor('svc-web') })
  server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    if (request.url === '/stranger') return response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end()
    const outcome = await negotiator.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    const status = request.url === '/no' ? 403 : 200
    const name = outcome.status === 'authenticated' ? outcome.identity.principal : 'nobody'
    return response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${request.method} as ${name}\u{1b}[31m`)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  url = `http://localhost:${(server.address() as AddressInfo).port}`
  await s4uOk(['kinit', 'alice'], place.as('alice', { input: 'wonderland\n' }))
})
afterAll(async () => {
  server.close()
  await place[Symbol.asyncDispose]()
})

describe('s4u fetch', () => {
  test('prints the body of the answer, as it is', async () => {
    const ended = await s4u(['fetch', `${url}/`], place.as('alice'))
    expect(ended).toEqual({ status: 0, stdout: 'GET as alice@AD.TEST\u{1b}[31m', stderr: '' })
  })

  test('tells with --json what was shown and proven', async () => {
    expect(await s4uJson(['fetch', `${url}/`, '-X', 'PUT', '-d', 'x'], place.as('alice'))).toMatchObject({
      status: 200,
      client: 'alice@AD.TEST',
      service: 'HTTP/localhost@AD.TEST',
      serverProven: true,
      body: 'PUT as alice@AD.TEST\u{1b}[31m',
    })
  })

  test('acts for a user with the keytab of a service that may', async () => {
    const args = ['fetch', '-t', place.at('svc-api.keytab'), '--as', 'bob', `${url}/`]
    expect((await s4uOk(args, place.as('alice'))).stdout).toContain('GET as bob@AD.TEST')
  })

  test('is 1 for the shell where the status says no, and shows the answer', async () => {
    const ended = await s4u(['fetch', '-i', `${url}/no`], place.as('alice'))
    expect(ended.status).toBe(1)
    expect(ended.stdout).toContain('403')
  })

  test('writes the body into a file', async () => {
    await s4uOk(['fetch', '-o', place.at('body'), `${url}/`], place.as('alice'))
    expect(readFileSync(place.at('body'), 'utf8')).toBe('GET as alice@AD.TEST\u{1b}[31m')
  })

  test('refuses what is no URL', async () => {
    expect(await s4u(['fetch', 'file:///etc/passwd'], place.as('alice'))).toMatchObject({ status: 2 })
  })
})

describe('s4u whoami', () => {
  test('says whose tickets there are', async () => {
    expect((await s4uOk(['whoami'], place.as('alice'))).stdout).toBe('alice@AD.TEST\n')
  })

  test('says as whom a server sees one, and whether it has proved who it is', async () => {
    expect(await s4uJson(['whoami', `${url}/`], place.as('alice'))).toMatchObject({
      status: 200,
      accepted: true,
      serverProven: true,
      client: 'alice@AD.TEST',
      service: 'HTTP/localhost@AD.TEST',
    })
  })

  test('is 1 for the shell where the server takes no ticket', async () => {
    const ended = await s4u(['whoami', `${url}/stranger`], place.as('alice'))
    expect(ended.status).toBe(1)
    expect(ended.stdout).toContain('the ticket was not taken')
  })
})

describe('s4u kpasswd', () => {
  test('changes one’s own password, by the old one', async () => {
    const ended = await s4u(
      ['kpasswd', 'alice'],
      place.as('alice', { input: 'wonderland\nl00king-glass\nl00king-glass\n' }),
    )
    expect(ended).toMatchObject({ status: 0, stdout: 'The password of alice@AD.TEST is changed.\n' })
    await s4uOk(['kinit', 'alice'], place.as('again', { input: 'l00king-glass\n' }))
    expect((await s4u(['kinit', 'alice'], place.as('old', { input: 'wonderland\n' }))).status).toBe(1)
  })

  test('changes nothing where the two new ones differ', async () => {
    const ended = await s4u(['kpasswd', 'bob'], place.as('alice', { input: 'builder\nbuilder-1\nbuilder-2\n' }))
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('the two new passwords differ') })
    await s4uOk(['kinit', 'bob'], place.as('bob', { input: 'builder\n' }))
  })
})
