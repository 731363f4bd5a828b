/**
 * A function as a platform of functions runs it: no listening socket, one invocation for each line
 * of the standard input, `{ id, authorization, ahead }`, and frozen in between. `ahead` is how far
 * the clock has gone on, in milliseconds. Answers `ID: RESULT`.
 *
 *     invoked.mjs SETTINGS.json
 */
import { Connections } from '@s4u/fetch'
import { createNegotiator } from '@s4u/negotiate'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'

const { keytab, api, ca } = JSON.parse(readFileSync(process.argv.at(-1), 'utf8'))
let ahead = 0
const negotiator = createNegotiator({
  keytab,
  now: () => Date.now() + ahead,
  delegation: { principal: 'web', allow: ['HTTP/api.ad.test'] },
  fetch: {
    serviceNames: { [new URL(api).host]: 'HTTP/api.ad.test' },
    connections: new Connections({ tls: { ca }, keepAlive: 60_000 }),
  },
})

const handler = negotiator.protect(async (_request, identity) => {
  const answer = await identity.impersonate().fetch(`${api}/orders`)
  return Response.json(await answer.json())
})

createInterface({ input: process.stdin }).on('line', async (line) => {
  const invocation = JSON.parse(line)
  const { id, authorization } = invocation
  ahead = invocation.ahead
  try {
    const response = await handler(new Request('https://web.ad.test/', { headers: { authorization } }))
    console.log(`${id}: ${JSON.stringify({ status: response.status, ...(await response.json()) })}`)
  } catch (error) {
    console.log(`${id}: ${JSON.stringify({ failed: `${error?.stack}\n${error?.cause?.stack ?? ''}` })}`)
  }
})
console.log('ready: true')
