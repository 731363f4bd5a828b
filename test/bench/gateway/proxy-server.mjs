/**
 * A proxy in a process of its own: bare httpxy, or a gateway, in front of the inner server that it
 * is told. Tells its port, and its CPU microseconds when it is asked.
 */
import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import { createGateway } from '@s4u/gateway'
import { createProxyServer } from 'httpxy'

process.on('message', async ({ start, cpu }) => {
  if (start !== undefined) return process.send({ port: await (start.config ? gateway(start.config) : bare(start.to)) })
  const { user, system } = process.cpuUsage()
  return cpu && process.send({ cpu: user + system })
})
process.on('disconnect', () => process.exit())

async function gateway(config) {
  const started = createGateway(config)
  await started.listen()
  return started.addresses[0].port
}

async function bare(target) {
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true }) })
  const server = createServer((request, response) => void proxy.web(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}
