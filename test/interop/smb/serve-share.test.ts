import { errorHandler, negotiate } from '@s4u/express'
import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import {
  openShare,
  type ServedCaller,
  serveShare,
  type ServeShareOptions,
  type Share,
  type ShareHandler,
} from '@s4u/smb'
import express from 'express'
import express4 from 'express4'
import Koa from 'koa'
import Koa2 from 'koa2'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request as send, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { delegatingService } from './delegating-service.js'
import { type FileServer, startFileServer } from './file-server.js'
import { callerOf } from './share-callers.js'
import { smbclient } from './smbclient.js'
import { userOf } from './share-users.js'

/** A web site whose files are those of a share, as each caller may read them. */
await describeRealms('a share of a real Samba served to callers', ['CORP', 'file-server', 'mit-clients'], (info) => {
  const realm = realmOf(info, 'CORP')
  const callers: Readonly<Record<string, ServedCaller>> = {
    alice: callerOf(realm, 'alice'),
    bob: callerOf(realm, 'bob'),
  }
  const told: unknown[] = []
  const handlers: ShareHandler[] = []
  const servers: Server[] = []
  let files: FileServer
  let share: Share

  beforeAll(async () => {
    files = await startFileServer(realm, 'CORP', `${info.block}.47`, { shares: { www: {} } })
    share = openShare(`\\\\${files.host}\\www`, { as: userOf(realm, 'alice'), address: files.address })
    await share.writeFile('page.html', '<script>steal()</script>')
    await share.writeFile('digits.txt', '0123456789')
    await share.writeFile('script.js', 'steal()')
    await share.writeFile('form.pdf', '%PDF-1.7')
    await share.writeFile('unknown.qqq', 'what?')
    await share.writeFile('empty.css', '')
    await share.writeFile('Ünïcode 年.txt', 'names')
    await share.writeFile('large.bin', Buffer.alloc(3_000_000, 'large'))
    await share.writeFile('.settings', 'secret')
    await share.mkdir('folder')
    await share.writeFile('folder/index.html', 'the folder')
    await share.mkdir('bare')
    await share.mkdir('private')
    const { stdout } = await sambaTool(realm, 'user', 'show', 'alice', '--attributes=objectSid')
    const sid = /S-1-5-21-[\d-]+/.exec(stdout)?.[0] ?? ''
    const all = 'OICI;0x1f01ff;;;'
    await files.permit('www', 'private', `O:BAG:BAD:P(A;${all}SY)(A;${all}BA)(A;${all}${sid})`)
    await share.writeFile('private/diary.txt', 'of alice')
    // Files that were there a while have strong tags.
    for (const name of ['digits.txt', 'large.bin', 'private/diary.txt']) await share.utimes(name, 1e9, 1e9)
    await new Promise((resolve) => setTimeout(resolve, 2_100))
  }, 60_000)
  afterAll(async () => {
    for (const server of servers) server.close().closeAllConnections()
    for (const handler of handlers) await handler[Symbol.asyncDispose]()
    await share?.close()
    await files?.[Symbol.asyncDispose]()
  })

  function serving(options: Partial<ServeShareOptions> = {}): ShareHandler {
    const onError = (error: unknown): void => void told.push(error)
    const handler = serveShare(`\\\\${files.host}\\www`, { as: 'caller', address: files.address, onError, ...options })
    handlers.push(handler)
    return handler
  }

  async function listen(listener: RequestListener): Promise<number> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const identityOf = ({ headers }: { readonly headers: IncomingMessage['headers'] }): ServedCaller | undefined =>
    callers[String(headers['x-user'] ?? 'alice')]

  interface Got {
    readonly status: number
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }

  /** Asks with the very path, which `fetch` would change. */
  async function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
    const asking = send({ host: '127.0.0.1', port, path, headers, method }).end()
    const [answer]: IncomingMessage[] = await once(asking, 'response')
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
  }

  const frameworks: Readonly<Record<string, () => RequestListener>> = {
    'Express 5': () => onExpress(express()),
    'Express 4': () => onExpress(Object(express4)()),
    'Koa 3': () => onKoa(new Koa()),
    'Koa 2': () => onKoa(Object(new Koa2())),
    'web requests': onWeb,
  }

  function onExpress(app: express.Express): RequestListener {
    app.use((req, _res, next) => {
      Object.assign(req, { identity: identityOf(req) })
      next()
    })
    app.use('/files', serving())
    app.use((_req, res) => void res.status(404).send('the next handler'))
    return app
  }

  function onKoa(app: Koa): RequestListener {
    const handler = serving({ mount: '/files' })
    app.use((ctx, next) => {
      Object.assign(ctx, { identity: identityOf(ctx.req) })
      return next()
    })
    app.use(handler)
    app.use((ctx) => {
      ctx.status = 404
      ctx.body = 'the next handler'
    })
    return app.callback()
  }

  function onWeb(): RequestListener {
    const handler = serving({ mount: '/files/' })
    return (req, res) => {
      const asked = new Request(`http://localhost${req.url}`, {
        method: req.method ?? 'GET',
        headers: Object(req.headers),
      })
      void handler(asked, identityOf(req)).then(async ({ status, headers, body }) => {
        res.writeHead(status, Object.fromEntries(headers))
        if (body === null) res.end()
        else Readable.fromWeb(Object(body)).pipe(res)
      })
    }
  }

  describe.each(Object.keys(frameworks))('by %s', (framework) => {
    let port: number
    beforeAll(async () => {
      port = await listen(frameworks[framework]())
    })

    test('a file comes whole, with its type, its validators and nothing that lets it act', async () => {
      const { status, headers, body } = await get(port, '/files/page.html')
      expect({ status, body }).toEqual({ status: 200, body: '<script>steal()</script>' })
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'content-length': '24',
        'accept-ranges': 'bytes',
        etag: expect.stringMatching(/^(?:W\/)?"[\w.-]+"$/),
        'last-modified': new Date((await share.stat('page.html')).mtimeMs).toUTCString(),
        'cache-control': 'private, no-cache',
        'x-content-type-options': 'nosniff',
        'content-security-policy': 'sandbox',
        'cross-origin-resource-policy': 'same-origin',
      })
    })

    test('HEAD says the same without the contents, and an empty file is one', async () => {
      const { status, headers, body } = await get(port, '/files/digits.txt', {}, 'HEAD')
      expect({ status, body, length: headers['content-length'] }).toEqual({ status: 200, body: '', length: '10' })
      const part = await get(port, '/files/digits.txt', { Range: 'bytes=2-4' }, 'HEAD')
      expect(part).toMatchObject({ status: 200, headers: { 'content-length': '10' } })
      expect(part.headers['content-range']).toBeUndefined()
      const empty = await get(port, '/files/empty.css')
      expect(empty).toMatchObject({ status: 200, body: '' })
      expect(empty.headers).toMatchObject({ 'content-length': '0', 'content-type': 'text/css; charset=utf-8' })
    })

    test('a large file comes whole', async () => {
      const { status, body } = await get(port, '/files/large.bin')
      expect({ status, isWhole: body === 'large'.repeat(600_000) }).toEqual({ status: 200, isWhole: true })
    })

    test('a part is 206, one that is not there 416, and several are the whole', async () => {
      const part = await get(port, '/files/digits.txt', { Range: 'bytes=2-4' })
      expect(part).toMatchObject({ status: 206, body: '234' })
      expect(part.headers).toMatchObject({ 'content-range': 'bytes 2-4/10', 'content-length': '3' })
      expect(await get(port, '/files/digits.txt', { Range: 'bytes=-2' })).toMatchObject({ status: 206, body: '89' })
      const none = await get(port, '/files/digits.txt', { Range: 'bytes=10-' })
      expect({ status: none.status, range: none.headers['content-range'] }).toEqual({
        status: 416,
        range: 'bytes */10',
      })
      for (const whole of ['bytes=0-1,5-6', 'bytes=x', 'lines=1-2'])
        expect(await get(port, '/files/digits.txt', { Range: whole })).toMatchObject({
          status: 200,
          body: '0123456789',
        })
    })

    test('what the client has is not sent again, and a part only of the same state', async () => {
      const { headers } = await get(port, '/files/digits.txt')
      const [etag, changed] = [headers.etag ?? '', headers['last-modified'] ?? '']
      expect(etag).toMatch(/^"/)
      const knowing: readonly Record<string, string>[] = [
        { 'If-None-Match': etag },
        { 'If-None-Match': `"x", W/${etag}` },
        { 'If-Modified-Since': changed },
      ]
      for (const known of knowing) {
        const got = await get(port, '/files/digits.txt', known)
        expect({ status: got.status, body: got.body, etag: got.headers.etag }).toEqual({ status: 304, body: '', etag })
      }
      const fresh = { 'If-None-Match': etag, 'Cache-Control': 'no-cache' }
      expect(await get(port, '/files/digits.txt', fresh)).toMatchObject({ status: 200 })
      expect(await get(port, '/files/digits.txt', { 'If-Match': '"other"' })).toMatchObject({ status: 412 })
      expect(await get(port, '/files/digits.txt', { 'If-Match': etag })).toMatchObject({ status: 200 })
      const before = new Date(Date.parse(changed) - 1_000).toUTCString()
      expect(await get(port, '/files/digits.txt', { 'If-Unmodified-Since': before })).toMatchObject({ status: 412 })
      const range = { Range: 'bytes=0-0' }
      for (const same of [etag, changed])
        expect(await get(port, '/files/digits.txt', { ...range, 'If-Range': same })).toMatchObject({ status: 206 })
      for (const other of ['"other"', before, `W/${etag}`])
        expect(await get(port, '/files/digits.txt', { ...range, 'If-Range': other })).toMatchObject({ status: 200 })
    })

    test('alice reads hers, and bob gets 403, whatever he has seen or guessed', async () => {
      const hers = await get(port, '/files/private/diary.txt')
      expect(hers).toMatchObject({ status: 200, body: 'of alice' })
      const guesses: readonly Record<string, string>[] = [
        {},
        { 'If-None-Match': hers.headers.etag ?? '' },
        { 'If-None-Match': '*' },
        { Range: 'bytes=0-0' },
      ]
      for (const more of guesses) {
        const { status, body, headers } = await get(port, '/files/private/diary.txt', { 'X-User': 'bob', ...more })
        expect({ status, body, etag: headers.etag }).toEqual({ status: 403, body: 'Forbidden\n', etag: undefined })
      }
    })

    test('a folder is its index, behind a slash; without one the next handler answers', async () => {
      expect(await get(port, '/files/folder/')).toMatchObject({ status: 200, body: 'the folder' })
      const { status, headers } = await get(port, '/files/folder?a=b')
      expect({ status, location: headers.location }).toEqual({ status: 301, location: './folder/?a=b' })
      const next = framework === 'web requests' ? 'Not Found\n' : 'the next handler'
      for (const path of [
        '/files/bare/',
        '/files/',
        '/files/nowhere',
        '/files/digits.txt/',
        '/files/digits.txt/x',
        '/filesystem',
        '/',
      ])
        expect({ path, ...(await get(port, path)) }).toMatchObject({ path, status: 404, body: next })
    })

    test('names come as they are written', async () => {
      expect(await get(port, `/files/${encodeURIComponent('Ünïcode 年.txt')}`)).toMatchObject({ body: 'names' })
    })

    test('nothing is served to who has no name, and no other method is', async () => {
      told.length = 0
      expect(await get(port, '/files/digits.txt', { 'X-User': 'nobody' })).toMatchObject({ status: 403 })
      expect(told).toMatchObject([{ name: 'ConfigurationError', code: 'SEC_E_NO_IMPERSONATION' }])
      const { status } = await get(port, '/files/digits.txt', {}, 'DELETE')
      expect(status).toBe(framework === 'web requests' ? 405 : 404)
      expect(await share.readFile('digits.txt', 'utf8')).toBe('0123456789')
    })
  })

  describe('against who means harm', () => {
    let port: number
    beforeAll(async () => {
      port = await listen(frameworks['Express 5']())
      writeFileSync(join(files.folderOf('www'), '..', 'outside.txt'), 'outside of the share')
      symlinkSync(join(files.folderOf('www'), '..', 'outside.txt'), join(files.folderOf('www'), 'leads-out.txt'))
      await share.writeFile('longname.secret', 'secret')
    })

    test.each([
      ...['/files/../outside.txt', '/files/%2e%2e/outside.txt', '/files/folder/..%2f..%2foutside.txt'],
      ...[
        '/files/..%5coutside.txt',
        '/files/folder%5cindex.html',
        '/files/folder%2findex.html',
        '/files/folder\\index.html',
      ],
      ...[
        '/files/digits.txt::$DATA',
        '/files/digits.txt%3a%3a$DATA',
        '/files/page.html:x',
        '/files/folder:$I30:$INDEX_ALLOCATION/',
      ],
      ...[
        '/files/con',
        '/files/NUL.txt',
        '/files/folder/aux',
        '/files/com1.html',
        '/files/digits.txt.',
        '/files/digits.txt%20',
      ],
      ...['/files/LONGNA~1.SEC', '/files/FOLDER~1/', '/files/.settings', '/files/%2esettings', '/files//digits.txt'],
      ...[
        '/files/digits.txt%00',
        '/files/digits.txt%0a',
        '/files/*',
        '/files/digits?txt',
        '/files/%3f',
        '/files/leads-out.txt',
      ],
      ...['/files/%252e%252e/outside.txt', '/files///other.example/', '/files/./digits.txt', '/files/web.config'],
      ...[`/files/${'a/'.repeat(4_000)}`, `/files/${'x'.repeat(300)}`],
    ])('%s leads nowhere', async (path) => {
      const { status, body } = await get(port, path)
      expect({ status, body }).toEqual({ status: 404, body: 'the next handler' })
    })

    test.each(['/files/%', '/files/%zz', '/files/%c0%ae%c0%ae/outside.txt', '/files/%ff'])(
      '%s is a bad request',
      async (path) => {
        expect(await get(port, path)).toMatchObject({ status: 400 })
      },
    )

    test('a file of the share is no script of the site', async () => {
      const shown = await get(port, '/files/script.js')
      expect(shown).toMatchObject({ status: 200, headers: { 'content-security-policy': 'sandbox' } })
      for (const use of ['script', 'serviceworker', 'worker', 'xslt'])
        expect({ use, ...(await get(port, '/files/script.js', { 'Sec-Fetch-Dest': use })) }).toMatchObject({
          use,
          status: 403,
        })
      expect(await get(port, '/files/script.js', { 'Sec-Fetch-Dest': 'document' })).toMatchObject({ status: 200 })
    })

    test('PDF is shown without a sandbox, and what has no known type is octets', async () => {
      const { headers } = await get(port, '/files/form.pdf')
      expect(headers).toMatchObject({ 'content-type': 'application/pdf', 'x-content-type-options': 'nosniff' })
      expect(headers['content-security-policy']).toBeUndefined()
      const unknown = await get(port, '/files/unknown.qqq')
      expect(unknown.headers).toMatchObject({ 'content-type': 'application/octet-stream' })
    })

    test('what is hidden, or in a hidden folder, is served only where the app says so', async () => {
      await share.mkdir('bin/deep', { recursive: true })
      await share.writeFile('bin/deep/app.txt', 'hidden by its folder')
      await share.writeFile('lock.txt', 'hidden itself')
      await smbclient(info, files, 'www', 'setmode bin +h', 'setmode lock.txt +s')
      const all = await listen((req, res) => {
        serving({ hidden: true })(Object.assign(req, { identity: callers.alice }), res, () => res.writeHead(404).end())
      })
      for (const [path, body] of [
        ['bin/deep/app.txt', 'hidden by its folder'],
        ['lock.txt', 'hidden itself'],
      ]) {
        expect(await get(port, `/files/${path}`)).toMatchObject({ status: 404, body: 'the next handler' })
        expect(await get(all, `/${path}`)).toMatchObject({ status: 200, body })
      }
    })

    test('a share that is trusted is served as pages of the site, and the policy of the app stays', async () => {
      const app = express()
      app.use((req, res, next) => {
        Object.assign(req, { identity: callers.alice })
        res.setHeader('Content-Security-Policy', "default-src 'self'")
        next()
      })
      app.use('/trusted', serving({ trustContent: true }))
      app.use('/', serving({ index: [] }))
      const own = await listen(app)
      const trusted = await get(own, '/trusted/script.js', { 'Sec-Fetch-Dest': 'script' })
      expect(trusted).toMatchObject({ status: 200, headers: { 'content-security-policy': "default-src 'self'" } })
      const { headers } = await get(own, '/page.html')
      expect(headers).toMatchObject({ 'content-security-policy': "default-src 'self', sandbox" })
      expect(await get(own, '/folder/')).toMatchObject({ status: 404 })
      expect(await get(own, '/folder')).toMatchObject({ status: 404 })
    })
  })

  test('a caller is served over the one session that the same ticket has, and bob over his', async () => {
    const handler = serving()
    const app = express()
    app.use((req, _res, next) => {
      Object.assign(req, { identity: identityOf(req) })
      next()
    })
    app.use(handler)
    const port = await listen(app)
    const before = files.log().split('[CORP]\\[alice]').length
    for (let i = 0; i < 5; i++) expect(await get(port, '/digits.txt')).toMatchObject({ status: 200 })
    expect(files.log().split('[CORP]\\[alice]').length - before).toBeLessThanOrEqual(2)
    expect(await get(port, '/private/diary.txt', { 'X-User': 'bob' })).toMatchObject({ status: 403 })
  })

  test('a client that goes ends the reading, and a file that is cut meanwhile ends the connection', async () => {
    const port = await listen(frameworks['Express 5']())
    await share.writeFile('cut.bin', Buffer.alloc(40_000_000))
    const asking = send({ host: '127.0.0.1', port, path: '/files/cut.bin' }).end()
    const [answer]: IncomingMessage[] = await once(asking, 'response')
    await once(answer, 'readable')
    await share.truncate('cut.bin', 1_000)
    await expect(text(answer)).rejects.toMatchObject({ code: 'ECONNRESET' })
    await share.writeFile('gone.bin', Buffer.alloc(40_000_000))
    const leaving = send({ host: '127.0.0.1', port, path: '/files/gone.bin' }).end()
    const [left]: IncomingMessage[] = await once(leaving, 'response')
    left.destroy()
    // While it is open for reading it can be deleted, but its name stays taken.
    await share.rm('gone.bin')
    expect(await get(port, '/files/digits.txt')).toMatchObject({ status: 200 })
  })

  describe('with a service that acts for its callers', () => {
    test('they sign in, and see what the file server lets them; who must not be acted for is told to the operator', async () => {
      await using service = await delegatingService(realm, 'svc-www', [`cifs/${files.host}`])
      const app = express()
      const { keytab, spn, principal } = service
      const kdc = `${realm.kdc.host}:${realm.kdc.port}`
      app.use(negotiate({ keytab, service: spn, kdc, delegation: { principal } }))
      app.use('/files', serving())
      app.use(errorHandler())
      const port = await listen(app)
      const read = async (user: string, path: string): Promise<readonly [number, string]> => {
        const { principal: who, password } = realm.users[user]
        const client = createKdcClient({ kdc, credentials: { principal: who, password } })
        const { token } = createInitiator({ ticket: await client.ticketFor(spn), now: Date.now })
        const answer = await get(port, path, { Authorization: formatAuthorization(token) })
        return [answer.status, answer.body]
      }
      expect(await read('alice', '/files/private/diary.txt')).toEqual([200, 'of alice'])
      expect(await read('bob', '/files/private/diary.txt')).toEqual([403, 'Forbidden\n'])
      expect(await read('bob', '/files/digits.txt')).toEqual([200, '0123456789'])
      told.length = 0
      expect(await read('carol', '/files/digits.txt')).toEqual([403, 'Forbidden\n'])
      expect(told).toMatchObject([{ name: 'DelegationRefusedError', hint: expect.stringContaining('sensitive') }])
    })
  })
})
