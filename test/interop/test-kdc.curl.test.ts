import { createServer, type Server } from 'node:http'
import { formatName } from '@s4u/krb5'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mitClients } from '../realms/debian/packages.js'
import { describeClients } from './test-kdc.site.js'
import { openToken } from './test-kdc.token.js'

/**
 * curl's `--negotiate` with tickets of the embedded realm, towards a server that says whom it sees.
 */
await describeClients('curl', mitClients, ({ ad, shell }) => {
  let server: Server
  let url = ''
  beforeAll(async () => {
    server = createServer((request, response) => {
      const [scheme, token] = request.headers.authorization?.split(' ') ?? []
      if (scheme !== 'Negotiate') return void response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end()
      const { encTicketPart } = openToken(ad, 'api', new Uint8Array(Buffer.from(token, 'base64')))
      response.end(`hello ${formatName(encTicketPart.cname)}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (typeof address === 'object' && address !== null) url = `http://api.ad.test:${address.port}/`
  })
  afterAll(() => void server.close())

  test('negotiates as the user who has signed in', async () => {
    const resolve = `--resolve ${new URL(url).host}:127.0.0.1`
    const hello = await shell(`echo wonderland | kinit alice >/dev/null && curl -s --negotiate -u : ${resolve} ${url}`)
    expect(hello).toBe('hello alice')
  })
})
