/**
 * Options that some runtime cannot do: prints `NAME: ERROR` for each, or null, and asks no KDC.
 *
 *     limits.mjs SETTINGS.json
 */
import { Connections, createFetch } from '@s4u/fetch'
import { negotiate } from '@s4u/hono'
import { createNegotiator } from '@s4u/negotiate'
import { readFileSync } from 'node:fs'
import process from 'node:process'

const { keytab, cert } = JSON.parse(readFileSync(process.argv.at(-1), 'utf8'))
const answer = () => new Response('hello')
const ticketFor = () => Promise.reject(new Error('no ticket'))

const options = {
  'fetch: globalThis.fetch': () => createFetch({ ticketFor, fetch: globalThis.fetch }),
  "fetch: globalThis.fetch, connections: 'shared'": () =>
    createFetch({ ticketFor, fetch: globalThis.fetch, connections: 'shared' }),
  'allowH2: true, proxy, tls': () =>
    new Connections({ allowH2: true, tls: { ca: cert }, proxy: { url: 'http://proxy.ad.test:3128' } }),
  "channelBinding: 'require'": () => createNegotiator({ keytab, channelBinding: 'require' }),
  "channelBinding: 'require', tlsCertificate": () =>
    createNegotiator({ keytab, channelBinding: 'require', tlsCertificate: cert }).protect(answer),
  "channelBinding: 'require', with protect": () =>
    createNegotiator({ keytab, channelBinding: 'require' }).protect(answer),
  "session: 'connection'": () => createNegotiator({ keytab, session: 'connection' }),
  "session: 'connection', with protect": () => createNegotiator({ keytab, session: 'connection' }).protect(answer),
  "session: 'connection', in Hono": () => negotiate({ keytab, session: 'connection' }),
}

for (const [name, use] of Object.entries(options)) {
  let message = null
  try {
    use()
  } catch (error) {
    message = `${error.name}: ${error.message}`
  }
  console.log(`${name}: ${JSON.stringify(message)}`)
}
process.exit(0)
