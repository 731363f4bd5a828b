/**
 * A site behind which nothing listens and nothing logs, as people begin: LOGGER=console gives it a
 * logger.
 */
import { createServer } from 'node:http'
import { createNegotiator, respond } from '@s4u/negotiate'

const { KEYTAB, KDC, LOGGER } = process.env

const negotiator = createNegotiator({
  keytab: KEYTAB,
  kdc: KDC,
  delegation: { principal: 'web' },
  session: { kind: 'cookie', keys: ['a key of thirty-two letters or so'], secure: false },
  ...(LOGGER === 'console' && { logger: console }),
})
const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
  const outcome = await negotiator.authenticate(request)
  if (outcome.status === 'challenge') return respond(response, outcome)
  for (const [name, value] of Object.entries(outcome.headers)) response.setHeader(name, value)
  // The app answers what it likes, and says nothing of errors.
  const spn = request.url.slice(1)
  const ticket =
    spn === ''
      ? true
      : await outcome.identity
          .impersonate()
          .ticketFor(spn)
          .catch(() => false)
  response.end(ticket ? 'yes' : 'no')
})
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
process.stdin.on('end', () => process.exit()).resume()
