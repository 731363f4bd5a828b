import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import * as backends from '../../examples/drivers/http-backends.mjs'
import { backendFixture } from './backend-fixture.js'
import { acceptorOf } from './kerberos-backend.js'

/** The recipes of docs/backends.md, each against a server that speaks Negotiate. */
describe('asks as the caller', () => {
  const fixture = backendFixture()
  const caller = { principal: 'alice@AD.TEST', fetch: fixture.fetchAs('alice') }

  type Answer = (
    request: IncomingMessage,
    body: string,
    origin: string,
  ) => { status?: number; headers?: Record<string, string>; body: unknown }

  /** Lets in who has a ticket, and answers what the test says. */
  async function backend(answer: Answer) {
    const acceptor = acceptorOf(fixture.service)
    const site = await fixture.server(async (request: IncomingMessage, response: ServerResponse, body: string) => {
      const sent = parseAuthorization(request.headers.authorization)
      const token = sent.status === 'token' ? sent.token : undefined
      const outcome = token === undefined ? undefined : await acceptor.accept(token)
      if (outcome?.status !== 'accepted') {
        response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end()
        return undefined
      }
      const { status = 200, headers = {}, body: said } = answer(request, body, site.origin)
      const proof = { 'www-authenticate': formatChallenge(outcome.reply) }
      response.writeHead(status, { ...proof, ...headers }).end(typeof said === 'string' ? said : JSON.stringify(said))
      return outcome.identity.principal
    })
    return site
  }

  /** Whom the backend has let in, and what for. */
  const asked = (seen: readonly { method: string; url: string; principal?: string }[]): string[] =>
    seen
      .filter(({ principal }) => principal !== undefined)
      .map(({ method, url, principal }) => `${principal} ${method} ${url}`)

  test('Trino, page by page, and no other server', async () => {
    const site = await backend(({ url, headers }, body, origin) =>
      url === '/v1/statement'
        ? { body: { id: body, nextUri: `${origin}/v1/statement/executing/1`, data: [[headers['x-trino-user']]] } }
        : { body: { data: [[2]] } },
    )
    expect(await backends.trino(caller, site.origin, 'select 1', 'AD.TEST')).toEqual([['alice'], [2]])
    expect(asked(site.seen)).toEqual([
      'alice@AD.TEST POST /v1/statement',
      'alice@AD.TEST GET /v1/statement/executing/1',
    ])
    const elsewhere = await backend(() => ({ body: { nextUri: 'http://evil.test/1' } }))
    await expect(backends.trino(caller, elsewhere.origin, 'select 1', 'AD.TEST')).rejects.toThrow(
      'the next page is elsewhere',
    )
    const failing = await backend(() => ({ body: { error: { message: 'line 1:8: nothing' } } }))
    await expect(backends.trino(caller, failing.origin, 'select', 'AD.TEST')).rejects.toThrow(
      'Trino: line 1:8: nothing',
    )
  })

  test('Trino gets no request of a user of another realm, whose name is that of one of ours', async () => {
    const site = await backend(() => ({ body: { data: [[1]] } }))
    for (const principal of ['alice@OTHER.TEST', 'alice@AD.TEST@OTHER.TEST', 'alice'])
      await expect(backends.trino({ ...caller, principal }, site.origin, 'select 1', 'AD.TEST')).rejects.toThrow(
        `${principal} is not a user of AD.TEST`,
      )
    expect(site.seen).toEqual([])
  })

  test('Elasticsearch', async () => {
    const site = await backend((_request, body) => ({
      body: { hits: { hits: [{ _source: JSON.parse(body).query }] } },
    }))
    expect(await backends.elasticsearch(caller, site.origin, 'orders', { match_all: {} })).toEqual([{ match_all: {} }])
    expect(asked(site.seen)).toEqual(['alice@AD.TEST POST /orders/_search'])
  })

  test('CouchDB', async () => {
    const site = await backend(() => ({ body: { _id: 'a/b' } }))
    expect(await backends.couchdb(caller, site.origin, 'orders', 'a/b')).toEqual({ _id: 'a/b' })
    expect(asked(site.seen)).toEqual(['alice@AD.TEST GET /orders/a%2Fb'])
  })

  test('WebHDFS, which sends on to where the file is', async () => {
    const site = await backend(({ url }, _body, origin) =>
      url?.startsWith('/webhdfs')
        ? { status: 307, headers: { location: `${origin}/data?op=OPEN` }, body: '' }
        : { body: 'the file' },
    )
    const file = await backends.webhdfs(caller, site.origin, '/tmp/a b')
    expect(Buffer.from(file).toString()).toBe('the file')
    expect(asked(site.seen)).toEqual([
      'alice@AD.TEST GET /webhdfs/v1/tmp/a%20b?op=OPEN',
      'alice@AD.TEST GET /data?op=OPEN',
    ])
  })

  test('SharePoint', async () => {
    const site = await backend(({ headers }) => ({ body: { value: [headers.accept] } }))
    expect(await backends.sharepoint(caller, site.origin, "Bob's list")).toEqual(['application/json;odata=nometadata'])
    expect(asked(site.seen)).toEqual(["alice@AD.TEST GET /_api/web/lists/getbytitle('Bob''s%20list')/items"])
  })

  test('SOAP', async () => {
    const site = await backend(({ headers }, body) => ({ body: `${headers.soapaction}${body}` }))
    expect(await backends.soap(caller, `${site.origin}/Orders.svc`, 'urn:list', '<Envelope/>')).toBe(
      '"urn:list"<Envelope/>',
    )
    expect(asked(site.seen)).toEqual(['alice@AD.TEST POST /Orders.svc'])
  })

  test('and tells a refusal by its status', async () => {
    const site = await backend(() => ({ status: 403, body: '' }))
    await expect(backends.couchdb(caller, site.origin, 'a', 'b')).rejects.toThrow('answered 403')
  })
})

test('the page names each function, and the example has no more', () => {
  const page = readFileSync(new URL('../../docs/backends.md', import.meta.url), 'utf8')
  const named = ['Trino', 'Elasticsearch', 'CouchDB', 'WebHDFS', 'SharePoint', 'SOAP']
  expect(Object.keys(backends).sort()).toEqual(named.map((name) => name.toLowerCase()).sort())
  for (const name of named) expect(page).toMatch(new RegExp(`^\\| ${name}`, 'm'))
})
