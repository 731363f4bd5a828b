/**
 * A process of fleet.bench.mjs: a service that answers its own requests, over HTTP on loopback.
 * `{ run: SECONDS }` is answered with the requests per second.
 */
import { Agent, createServer, get } from 'node:http'
import { once } from 'node:events'
import { createNegotiator, respond } from '@s4u/negotiate'

const UNDER_WAY = 16
let ask

process.on('message', async ({ start, run }) => {
  if (start !== undefined) {
    ask = await open(start)
    process.send({})
  }
  if (run !== undefined) process.send({ rate: await rateOver(run) })
})
process.on('disconnect', () => process.exit())

/** The token is shown again and again, so there is no memory of replays. */
async function open({ keytab, authorization }) {
  const negotiator = createNegotiator({ keytab: Buffer.from(keytab, 'base64'), replayCache: false })
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    const outcome = await negotiator.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    response.writeHead(200, outcome.headers).end(outcome.identity.principal)
  })
  await new Promise((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const agent = new Agent({ keepAlive: true, maxSockets: UNDER_WAY })
  const { port } = server.address()
  return async () => {
    const [response] = await once(get({ host: '127.0.0.1', port, agent, headers: { authorization } }), 'response')
    response.resume()
    await once(response, 'end')
    if (response.statusCode !== 200) throw new Error(`the service answered ${response.statusCode}`)
  }
}

async function rateOver(seconds) {
  const end = performance.now() + seconds * 1_000
  let count = 0
  const visit = async () => {
    for (; performance.now() < end; count++) await ask()
  }
  await Promise.all(Array.from({ length: UNDER_WAY }, visit))
  return count / seconds
}
