/**
 * One instance of a service, as docs/deployment.md has it: `node instance.mjs`, with KEYTAB, HOST,
 * PORT, REDIS_PORT and SESSION_KEY in the environment. `/` says who calls.
 */
import { createServer } from 'node:http'
import { createNegotiator, respond } from '@s4u/negotiate'
import { redisEpochs, redisReplayStore } from '@s4u/redis'
import { createClient } from 'redis'

const { KEYTAB, HOST, PORT, REDIS_PORT, SESSION_KEY } = process.env
const client = createClient({ socket: { host: HOST, port: Number(REDIS_PORT) }, disableOfflineQueue: true })
client.on('error', () => {})
await client.connect()

const replayCache = redisReplayStore(client, { pause: 300 })
await replayCache.ready()
const { isRevoked } = redisEpochs(client, { secret: SESSION_KEY })
const session = { kind: 'cookie', keys: [SESSION_KEY], secure: false, isRevoked }
const negotiator = createNegotiator({ keytab: KEYTAB, replayCache, session })

createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
  if (request.url === '/healthz') return response.end('ok')
  const outcome = await negotiator.authenticate(request)
  if (outcome.status === 'challenge') return respond(response, outcome)
  const { principal } = outcome.identity
  response.writeHead(200, outcome.headers).end(`${principal} ${outcome.by} ${process.pid}`)
}).listen(Number(PORT), HOST, () => console.log('listening'))
