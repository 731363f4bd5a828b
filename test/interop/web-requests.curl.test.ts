import { createServer, type Server } from 'node:http'
import { createNegotiator } from '@s4u/negotiate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mitClients } from '../realms/debian/packages.js'
import { bridge, type Env } from '../stories/fixtures/web/bridge.js'
import { describeClients } from './test-kdc.site.js'

/** curl's `--negotiate`, with MIT's library, towards a handler of web-standard requests. */
await describeClients(
  'curl at a web-standard handler',
  mitClients,
  ({ ad, shell }) => {
    let server: Server
    let url = ''
    beforeAll(async () => {
      const negotiator = createNegotiator({
        keytab: ad.keytabFor('api'),
        session: { kind: 'cookie', keys: ['k'.repeat(32)], secure: false },
      })
      const handler = negotiator.protect(
        async (request, { principal, authenticationMethod }, _env: Env) =>
          new Response(`${principal} ${authenticationMethod} ${await request.text()}`),
        { connection: (_request, { incoming: { socket } }) => ({ socket }) },
      )
      server = createServer({ maxHeaderSize: 65_536 }, bridge(handler))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      if (typeof address === 'object' && address !== null) url = `http://api.ad.test:${address.port}/`
    })
    afterAll(() => {
      server.closeAllConnections()
      server.close()
    })
    const curl = (rest: string): Promise<string> =>
      shell(
        `echo wonderland | kinit alice >/dev/null && curl -s --negotiate -u : --resolve ${new URL(url).host}:127.0.0.1 ${rest}`,
      )

    test('signs in with one token', async () => {
      expect(await curl(url)).toBe('alice@AD.TEST kerberos ')
    })

    test('sends its body after the challenge, and the handler reads it', async () => {
      expect(await curl(`--data order=7 ${url}`)).toBe('alice@AD.TEST kerberos order=7')
    })

    test('is known by its cookie afterwards, and a client without one is not', async () => {
      expect(
        await curl(
          `-c "$PWD/jar" -o /dev/null ${url} && curl -s -b "$PWD/jar" --resolve ${new URL(url).host}:127.0.0.1 ${url}`,
        ),
      ).toBe('alice@AD.TEST kerberos ')
      const status = `curl -s -o /dev/null -w '%{http_code}' --resolve ${new URL(url).host}:127.0.0.1 ${url}`
      expect(await shell(status)).toBe('401')
    })

    test('is sent the server’s proof', async () => {
      expect((await curl(`-D - -o /dev/null ${url} | grep -ic '^www-authenticate: negotiate .'`)).trim()).toBe('1')
    })
  },
  ['as fits'],
)
