import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { createHash } from 'node:crypto'
import { createNegotiator, type CrossSiteOption, respond, upgradeHeaders, writeHeaders } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { type BrowserContext, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { selfSigned } from '../stories/fixtures/certificate.js'

/**
 * Somebody who is signed in opens a page at evil.test. No part is played: kinit got the ticket from
 * the embedded realm, and Chromium adds it to whatever the page makes it send.
 */
await describeRealms('Chromium on the page of another site', ['chromium', 'mit-clients'], () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-evil-'))
  const kerberos = { KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5CCNAME: `FILE:${join(folder, 'ccache')}` }
  const certificate = selfSigned('web.ad.test')
  let realm: TestRealm
  let evil: Server
  let profiles = 0

  beforeAll(async () => {
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland' } },
      services: { web: { spns: ['HTTP/web.ad.test'] } },
    })
    await realm.listen()
    writeFileSync(kerberos.KRB5_CONFIG, realm.krb5Conf())
    await runOk('kinit', ['alice@AD.TEST'], { environment: kerberos, input: 'wonderland\n' })
    evil = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>Win a prize</title>')
    }).listen(0, '127.0.0.1')
    await once(evil, 'listening')
  })
  afterAll(async () => {
    evil.close()
    await realm[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  describe.each([
    ['https', true],
    ['http, where browsers send no Sec-Fetch-Site', false],
  ])('of a service at %s', (_scheme, secure) => {
    test('acts as its user where that is allowed: the token comes with a form and with a fetch', async () => {
      await using site = await open(secure, 'allow')
      expect(await pull(site, 'evil', ['form', 'fetch'])).toEqual({ form: 'sent', fetch: 'opaque' })
      expect(site.acts).toEqual(['POST /form by alice', 'POST /fetch by alice'])
    })

    test('acts as its user also where browsers keep the cookies of other sites back, by a form that leads there', async () => {
      await using site = await open(secure, 'allow')
      await pull(site, 'evil', ['link'])
      expect(site.acts).toEqual(['POST /link by alice'])
      await using careful = await open(secure)
      await pull(careful, 'evil', ['link'])
      expect(careful.acts).toEqual([])
      expect(careful.refusals).toEqual(['S4U_CROSS_SITE'])
    })

    test('acts as nobody by default, by form, fetch or WebSocket', async () => {
      await using site = await open(secure)
      expect(await pull(site, 'evil', ['form', 'fetch', 'socket'])).toMatchObject({ socket: 'refused' })
      expect(site.acts).toEqual([])
      expect(new Set(site.refusals)).toEqual(new Set(['S4U_CROSS_SITE']))
      expect(site.refusals.length).toBeGreaterThanOrEqual(3)
    })

    test('opens no WebSocket even where other requests are allowed', async () => {
      await using site = await open(secure, 'allow')
      expect(await pull(site, 'evil', ['socket'])).toEqual({ socket: 'refused' })
      expect(site.acts).toEqual([])
    })

    test('opens one where its origin is listed, with a token that Chromium adds', async () => {
      await using site = await open(secure, [originOf('evil')])
      expect(await pull(site, 'evil', ['form', 'socket'])).toEqual({ form: 'sent', socket: 'Hello alice' })
      expect(site.acts).toEqual(['POST /form by alice', 'upgrade /socket by alice'])
    })

    test('has an image looked up as its user, which changes nothing, and which it cannot read', async () => {
      await using site = await open(secure)
      expect(await pull(site, 'evil', ['image'])).toEqual({ image: 'asked' })
      expect(site.acts).toEqual(['GET /image by alice'])
    })

    test('is told from the page of the service itself, which acts in every way', async () => {
      await using site = await open(secure)
      const tricks = ['form', 'fetch', 'socket', 'image']
      expect(await pull(site, 'own', tricks)).toMatchObject({ socket: 'Hello alice' })
      expect(site.acts.filter((act) => act !== 'GET / by alice')).toEqual([
        'POST /form by alice',
        'POST /fetch by alice',
        'upgrade /socket by alice',
        'GET /image by alice',
      ])
      expect(site.refusals).toEqual([])
    })
  })

  const originOf = (_who: 'evil'): string => `http://evil.test:${(evil.address() as AddressInfo).port}`

  /** A service that notes what it has done, and in whose name. */
  async function open(secure: boolean, crossSite?: CrossSiteOption) {
    const [acts, refusals]: string[][] = [[], []]
    const negotiator = createNegotiator({
      keytab: realm.keytabFor('web'),
      onFailed: ({ code }) => void refusals.push(code),
      ...(crossSite && { crossSite }),
    })
    const listener: RequestListener = async (request, response) => {
      if (request.url === '/favicon.ico') return void response.end()
      const outcome = await negotiator.authenticate(request)
      if (outcome.status === 'challenge') return respond(response, outcome)
      writeHeaders(response, outcome.headers)
      acts.push(`${request.method} ${request.url} by ${outcome.status === 'authenticated' && outcome.identity.name}`)
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>Service</title>')
    }
    const upgrade = async (request: IncomingMessage, socket: Duplex): Promise<void> => {
      const outcome = await negotiator.authenticateUpgrade(request)
      if (outcome.status !== 'authenticated') return
      acts.push(`upgrade ${request.url} by ${outcome.identity.name}`)
      socket.write(`${acceptanceOf(request)}\r\n\r\n`)
      const text = Buffer.from(`Hello ${outcome.identity.name}`)
      socket.write(Buffer.of(0x81, text.length, ...text))
    }
    const options = { maxHeaderSize: 65_536 }
    const { key, cert } = certificate
    const server = secure ? createSecureServer({ key, cert, ...options }, listener) : createServer(options, listener)
    const sockets = new Set<Duplex>()
    server.on('connection', (socket: Duplex) => sockets.add(socket))
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => void upgrade(request, socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      acts,
      refusals,
      url: `http${secure ? 's' : ''}://web.ad.test:${(server.address() as AddressInfo).port}/`,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      },
    }
  }

  async function pull({ url }: { readonly url: string }, where: 'evil' | 'own', tricks: readonly string[]) {
    const context = await browser(!tricks.includes('link'))
    try {
      const page = await context.newPage()
      await page.goto(where === 'evil' ? originOf('evil') : url)
      const results: Record<string, unknown> = {}
      for (const trick of tricks) results[trick] = await page.evaluate(`(${TRICKS[trick]})(${JSON.stringify(url)})`)
      // That one leads to the service itself.
      if (tricks.includes('link')) await page.waitForURL(`${url}link`)
      return results
    } finally {
      await context.close()
    }
  }

  /**
   * As in web-clients.test.ts: a fresh profile loads no GSS-API library before it has seen
   * Negotiate once.
   */
  function browser(thirdParties: boolean): Promise<BrowserContext> {
    const profile = join(folder, `profile-${profiles++}`)
    mkdirSync(profile)
    const state = {
      net: { received_http_auth_negotiate_headers: true },
      auth: { disable_negotiate_cname_lookup: true },
    }
    writeFileSync(join(profile, 'Local State'), JSON.stringify(state))
    // What a browser adds to the frames and fetches of other sites goes by what it does with their
    // cookies.
    mkdirSync(join(profile, 'Default'))
    const cookies = { cookie_controls_mode: thirdParties ? 0 : 1, block_third_party_cookies: !thirdParties }
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: cookies }))
    return chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      ignoreHTTPSErrors: true,
      env: { ...process.env, ...kerberos } as Record<string, string>,
      args: FLAGS,
    })
  }
})

/**
 * All ways of a page to make a browser send something, and what comes of each: functions of the
 * page.
 */
const TRICKS: Readonly<Record<string, string>> = {
  form: `(url) => new Promise((resolve) => {
    document.body.innerHTML = '<iframe name="hidden"></iframe><form method="POST" target="hidden"></form>'
    const [frame, form] = document.body.children
    frame.addEventListener('load', () => resolve('sent'))
    form.action = url + 'form'
    form.submit()
  })`,
  fetch: `(url) => fetch(url + 'fetch', { method: 'POST', mode: 'no-cors', credentials: 'include' })
    .then(({ type }) => type, () => 'failed')`,
  socket: `(url) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws') + 'socket')
    socket.addEventListener('message', ({ data }) => resolve(data))
    socket.addEventListener('error', () => resolve('refused'))
  })`,
  image: `(url) => new Promise((resolve) => {
    const image = new Image()
    for (const event of ['load', 'error']) image.addEventListener(event, () => resolve('asked'))
    image.src = url + 'image'
  })`,
  link: `(url) => {
    document.body.innerHTML = '<form method="POST"></form>'
    document.body.firstChild.action = url + 'link'
    document.body.firstChild.submit()
  }`,
}

/** RFC 6455 section 4.2.2. */
function acceptanceOf(request: IncomingMessage): string {
  const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${guid}`).digest('base64')
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`]
  return ['HTTP/1.1 101 Switching Protocols', ...lines, ...upgradeHeaders(request)].join('\r\n')
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--ignore-certificate-errors',
  '--auth-server-allowlist=*.ad.test',
  '--host-resolver-rules=MAP web.ad.test 127.0.0.1, MAP evil.test 127.0.0.1',
]
