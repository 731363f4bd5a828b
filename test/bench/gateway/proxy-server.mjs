/**
 * A proxy in a process of its own: bare httpxy, or a gateway, in front of the inner server that it
 * is told. Tells its port, and its CPU microseconds when it is asked. The library may be given
 * headers to add; of `authorization` the length is kept, and each request gets a value of its own.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { createGateway } from '@s4u/gateway'
import { createProxyServer } from 'httpxy'

process.on('message', async ({ start, cpu }) => {
  if (start !== undefined)
    return process.send({ port: await (start.config ? gateway(start.config) : bare(start.to, start.headers)) })
  const { user, system } = process.cpuUsage()
  return cpu && process.send({ cpu: user + system })
})
process.on('disconnect', () => process.exit())

async function gateway(config) {
  const started = createGateway(config)
  await started.listen()
  return started.addresses[0].port
}

async function bare(target, added) {
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true }) })
  const server = createServer((request, response) => void proxy.web(request, response, optionsWith(added)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

function optionsWith(added) {
  if (added === undefined) return {}
  const [scheme, token] = added.authorization.split(' ')
  const octets = randomBytes(Math.floor((token.length * 3) / 4))
  return { headers: { ...added, authorization: `${scheme} ${octets.toString('base64')}` } }
}
