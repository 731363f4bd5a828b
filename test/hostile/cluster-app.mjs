/**
 * A site of two workers, each on a port of its own. REPLAYS: `shared`, `own`, or `forgotten` for a
 * primary that does not do its part.
 */
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { clusterReplayStore } from '@s4u/acceptor'
import { createNegotiator, respond } from '@s4u/negotiate'

const { REPLAYS, KEYTAB } = process.env

if (cluster.isPrimary) {
  if (REPLAYS === 'shared') clusterReplayStore()
  cluster.fork()
  cluster.fork()
  // A worker that has gone is replaced, and what it has taken is not forgotten.
  cluster.on('exit', () => void cluster.fork())
  process.stdin.on('end', () => process.exit()).resume()
} else {
  const replayCache = REPLAYS === 'own' ? {} : { replayCache: clusterReplayStore() }
  const negotiator = createNegotiator({
    keytab: KEYTAB,
    ...replayCache,
    onFailed: ({ error }) => console.error(error.code),
  })
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    if (request.url === '/die') process.exit()
    const outcome = await negotiator.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    response.end(outcome.identity.principal)
  })
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => console.log(`port ${server.address().port}`))
}
