/**
 * What the fleet calls as its callers: `node backend.mjs HOST PORT KEYTAB`. It says whom it sees.
 */
import { createServer } from 'node:http'
import { createNegotiator, respond } from '@s4u/negotiate'

const [host, port, keytab] = process.argv.slice(2)
const negotiator = createNegotiator({ keytab })
createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
  const outcome = await negotiator.authenticate(request)
  if (outcome.status === 'challenge') return respond(response, outcome)
  response.writeHead(200, outcome.headers).end(outcome.identity.principal)
}).listen(Number(port), host)
