/** A consumer of every package: compiled against the emitted declarations, never run. */
import * as acceptor from '@s4u/acceptor'
import * as express from '@s4u/express'
import * as fastify from '@s4u/fastify'
import * as hono from '@s4u/hono'
import * as koa from '@s4u/koa'
import * as negotiate from '@s4u/negotiate'
import * as nest from '@s4u/nest'
import createExpress from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'

export { packages } from './packages.js'

const options: negotiate.NegotiatorOptions = {
  keytab: ['web.keytab', new Uint8Array(2), async () => new Uint8Array(2)],
  service: 'HTTP/web.ad.test',
  kdc: { 'AD.TEST': ['dc1.ad.test', 'dc2.ad.test:88'] },
  delegation: {
    principal: 'svc-web',
    allow: ['HTTP/*.ad.test'],
    protocolTransition: (user) => ['bob@AD.TEST'].includes(user),
    forwardedTickets: 'ignore',
  },
  session: {
    kind: 'cookie',
    keys: ['0123456789abcdef0123456789abcdef'],
    maxAge: 3_600_000,
    sameSite: 'strict',
    isRevoked: async ({ id, sid, startedAt }: negotiate.Session) => id === 'stolen' || sid === '' || startedAt < 0,
  },
  crossSite: ['https://portal.ad.test'],
  corsPreflight: true,
  replayCache: acceptor.clusterReplayStore({ maxEntries: 1_000_000 }),
  channelBinding: 'allow',
  challenge: (reason) => (reason.kind === 'refused' ? `Sorry: ${reason.code}` : { type: 'text/html', body: '<form>' }),
  otherChallenges: ['Bearer'],
  onFailed: ({ code, error, mechanism }) => console.warn(code, error.hint, mechanism),
}

// Express
const web = createExpress()
const kerberos = express.negotiate({ ...options, mode: (req) => (req.path === '/health' ? 'off' : 'required') })
web.use(kerberos)
web.get('/', (req, res) => {
  const { principal, sid, groups, delegatedBy, impersonationLevel }: negotiate.CallerIdentity = req.identity
  res.json({ principal, sid, groups, delegatedBy, impersonationLevel })
})
web.get('/orders', async (req, res) => {
  using caller = req.identity.impersonate()
  const { method, level, choices }: negotiate.ImpersonationPlan = caller.explain('HTTP/api.ad.test')
  console.log(method ?? choices.map(({ reason }) => reason), level)
  const orders: Response = await caller.fetch('https://api.ad.test/orders')
  res.json(await orders.json())
})
web.get(
  '/report',
  express.impersonation('required'),
  express.requireGroup(['S-1-5-21-1-2-3-512']),
  async (req, res) => {
    const length: number = await req.identity.impersonate(async (as) => as.principal.length)
    res.json({ length, as: express.currentIdentity()?.principal })
  },
)
web.post('/login', async (_req, res) => {
  const user = await kerberos.negotiator.identityFor('bob@AD.TEST', { method: 'password', fresh: true })
  negotiate.writeHeaders(res, kerberos.negotiator.startSession(user))
  res.end()
})
web.post('/logout', async (req, res) => {
  const session: negotiate.Session | undefined = kerberos.negotiator.sessionOf(req)
  negotiate.writeHeaders(res, kerberos.negotiator.endSession(req))
  negotiate.writeHeaders(res, await kerberos.negotiator.signOut(req))
  res.json(session?.id)
})
web.get(
  '/old',
  express.asyncHandler(async (req, res) => void res.json(await req.identity.impersonate().ticketFor('HTTP/x.ad.test'))),
)
web.use(express.errorHandler({ onError: ({ code, hint, status }, req) => console.error(req.path, status, code, hint) }))
createServer(web).on('upgrade', async (request, socket) => {
  const outcome: negotiate.UpgradeOutcome = await kerberos.negotiator.authenticateUpgrade(request, { mode: 'required' })
  if (outcome.status === 'authenticated') socket.write(express.upgradeHeaders(request).join('\r\n'))
})
// @ts-expect-error: there are three options, and this is none
web.get('/wrong', express.impersonation('sometimes'))
// @ts-expect-error: identities are frozen
web.use((req) => void (req.identity.principal = 'mallory@AD.TEST'))

// Koa
const api = new Koa()
api.use(koa.negotiate({ ...options, mode: 'optional' }))
api.use(koa.requireDelegatedBy(['HTTP/web.ad.test']))
api.use(koa.requireIdentity())
api.use((ctx) => {
  ctx.body = { caller: ctx.identity.principal, same: ctx.state.identity === ctx.identity }
})
// @ts-expect-error: a mode is one of three words
koa.negotiate({ mode: 'maybe' })

// Fastify
const site = Fastify()
site.register(fastify.negotiate, { ...options, mode: (request) => (request.url === '/health' ? 'off' : 'required') })
site.setErrorHandler(fastify.errorHandler({ onError: (error, request) => request.log.error(error) }))
site.get(
  '/sales',
  { config: { negotiate: { groups: ['S-1-5-21-1-2-3-512'], impersonation: 'required' } } },
  (request) => {
    const name: string = request.identity.name
    return name
  },
)
site.get('/report', { preHandler: fastify.requireGroup(['S-1-5-21-1-2-3-512']) }, async () => site.negotiator.counters)
// @ts-expect-error: a mode is one of three words
site.get('/wrong', { config: { negotiate: { mode: 'maybe' } } }, () => '')

// Hono
const edge = new Hono<{ Variables: { trace: string } }>()
edge.use(hono.negotiate({ ...options, mode: (c) => (c.req.path === '/health' ? 'off' : 'required') }))
edge.use('/reports/*', hono.requireGroup(['S-1-5-21-1-2-3-512']), hono.impersonation('required'))
edge.get('/', (c) => c.json({ caller: c.get('identity').principal, same: c.var.identity === c.get('identity') }))
edge.onError(hono.errorHandler({ onError: ({ code, hint }, c) => console.error(c.req.path, code, hint) }))
// @ts-expect-error: a mode is one of three words
hono.negotiate({ mode: 'maybe' })

// Nest, whose older decorators are functions that are called
nest.S4uModule.forRoot({ ...options, mode: ({ url }) => (url === '/health' ? 'off' : 'required') })
nest.S4uModule.forRootAsync({
  inject: ['KEYTAB'],
  useFactory: (keytab: string) => ({ keytab }),
  protect: 'guardedRoutes',
})
export const decorators: readonly (MethodDecorator & ClassDecorator)[] = [
  nest.NegotiateMode('optional'),
  nest.RequireGroup(['S-1-5-21-1-2-3-512']),
  nest.RequireDelegatedBy(['HTTP/web.ad.test']),
  nest.Impersonation('required'),
]
export const parameter: ParameterDecorator = nest.Caller()
export const titleOf = ({ identity }: nest.RequestCaller): string => identity?.principal ?? 'stranger'
// @ts-expect-error: a caller may be unknown
export const nameOf = ({ identity }: nest.RequestCaller): string => identity.principal
// @ts-expect-error: a mode is one of three words
nest.NegotiateMode('maybe')
// @ts-expect-error: there are two ways to protect
nest.S4uModule.forRoot({}, { protect: 'some' })

// node:http and node:http2
const negotiator: negotiate.Negotiator = negotiate.createNegotiator(options)
createServer(async (request, response) => {
  const outcome = await negotiator.authenticate(request)
  if (outcome.status === 'challenge') return negotiate.respond(response, outcome)
  negotiate.writeHeaders(response, outcome.headers)
  const caller: string = outcome.status === 'authenticated' ? outcome.identity.principal : 'nobody'
  return void response.end(caller)
})
createSecureServer({ allowHTTP1: true }, async (request, response) => {
  const outcome = await negotiator.authenticate(request, { mode: 'optional' })
  if (outcome.status === 'challenge') negotiate.respond(response, outcome)
})
export const failures: number | undefined = negotiator.counters.failed['KRB_AP_ERR_SKEW']
