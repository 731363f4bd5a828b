// @ts-check
/**
 * A health endpoint that says whether the service can still sign its users in: 200, or 503 as soon
 * as its KDC, its key or its name is wrong. Kubernetes, a load balancer or a monitor asks it.
 *
 *     SERVICE=HTTP/web.ad.test node health.mjs        then: curl http://127.0.0.1:8080/health
 *
 * On the realm of examples/realm it says 503, and is right: no name server knows web.ad.test.
 */
import { diagnose } from '@s4u/doctor'
import { createServer } from 'node:http'

const {
  KEYTAB: keytab = 'web.keytab',
  SERVICE: service,
  AS: as,
  TO,
  DNS,
  HOST = '127.0.0.1',
  PORT = '8080',
} = process.env

/** Monitors ask every few seconds, and each answer costs the KDC a sign-in; milliseconds. */
const FRESH_FOR = 30_000

/** @type {{ report: ReturnType<typeof look>, until: number } | undefined} */
let last

/** All who ask at once wait for one look. */
function report() {
  if (last === undefined || Date.now() > last.until) last = { report: look(), until: Date.now() + FRESH_FOR }
  return last.report
}

async function look() {
  const options = { keytab, service, as, to: TO?.split(','), dnsServers: DNS?.split(',') }
  // What the service shares with others belongs here too: stores: { replay: () => redis.ping() }
  const { status, cause, findings } = await diagnose(options)
  if (cause !== undefined) console.error(`${cause.check}: ${cause.found} ${cause.hint ?? ''}`)
  return { status, checks: Object.fromEntries(findings.map((finding) => [finding.check, finding.status])) }
}

createServer(async (request, response) => {
  if (request.url !== '/health') {
    response.writeHead(404).end()
    return
  }
  const { status, checks } = await report().catch((error) => {
    console.error(error)
    return { status: 'failed', checks: {} }
  })
  // Names of checks alone: what was found names accounts and hosts, and is for the log.
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  response.writeHead(status === 'failed' ? 503 : 200, headers).end(`${JSON.stringify({ status, checks })}\n`)
}).listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${PORT}/health`))
