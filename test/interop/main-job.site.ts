/** A service and its backend in either framework, as an app would write them. */

import { impersonation as impersonationInExpress, negotiate as negotiateInExpress } from '@s4u/express'
import { fetch } from '@s4u/fetch'
import { impersonation as impersonationInKoa, negotiate as negotiateInKoa } from '@s4u/koa'
import { type CallerIdentity, DelegationRefusedError, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import express from 'express'
import Koa from 'koa'
import type { RequestListener } from 'node:http'

export interface FrontOptions {
  readonly keytab: string
  readonly kdc: string
  readonly apiUrl: string
  /** A service to which the directory lets nobody delegate. */
  readonly unlisted: string
  readonly serviceNames: Record<string, string>
}

export interface Framework {
  readonly name: string
  front(options: FrontOptions): RequestListener
  /** Says whom it sees. */
  backend(keytab: string): RequestListener
}

export const frameworks: readonly Framework[] = [
  { name: 'Express', front: expressFront, backend: expressBackend },
  { name: 'Koa', front: koaFront, backend: koaBackend },
]

type Action = (identity: CallerIdentity, user: string) => Promise<{ readonly status: number; readonly body: unknown }>

/** What the front does, by the first part of the path; the second may name a user. */
function actionsOf({ apiUrl, unlisted }: FrontOptions, negotiator: Negotiator): Readonly<Record<string, Action>> {
  const relayed = async (answer: Response) => ({ status: answer.status, body: await answer.json() })
  return {
    whoami: async (identity) => ({ status: 200, body: identity }),
    async backend(identity) {
      using caller = identity.impersonate()
      return relayed(await caller.fetch(`${apiUrl}/orders`))
    },
    /** Behind `impersonation('required')`. */
    ambient: async () => relayed(await fetch(`${apiUrl}/orders`)),
    async as(_identity, name) {
      await negotiator.identityFor('bob')
      const user = await negotiator.identityFor(name, { method: 'asserted' })
      using other = user.impersonate()
      return relayed(await other.fetch(`${apiUrl}/orders`))
    },
    async unlisted(identity) {
      using caller = identity.impersonate()
      return { status: 200, body: String(await caller.ticketFor(unlisted)) }
    },
  }
}

function optionsOf({ keytab, kdc, serviceNames }: FrontOptions): NegotiatorOptions {
  // Plain HTTP: curl would keep a secure cookie to itself.
  const session = { kind: 'cookie', keys: ['of all instances of this service'], secure: false } as const
  return { keytab, kdc, session, delegation: { protocolTransition: true }, fetch: { serviceNames } }
}

function reportOf(error: unknown): object {
  if (!(error instanceof DelegationRefusedError)) throw error
  const { name, code, message, hint, reason, answer } = error
  return { name, code, message, hint, reason, answer }
}

function expressFront(options: FrontOptions): RequestListener {
  const app = express()
  const kerberos = negotiateInExpress(optionsOf(options))
  const actions = actionsOf(options, kerberos.negotiator)
  app.use(kerberos)
  app.use('/ambient', impersonationInExpress('required'))
  app.get('/:action{/:user}', async (req, res) => {
    const { status, body } = await actions[req.params.action](req.identity, req.params.user ?? '')
    res.status(status).json(body)
  })
  const onError: express.ErrorRequestHandler = (error, _req, res, _next) => void res.status(502).json(reportOf(error))
  return app.use(onError)
}

function koaFront(options: FrontOptions): RequestListener {
  const app = new Koa()
  const kerberos = negotiateInKoa(optionsOf(options))
  const actions = actionsOf(options, kerberos.negotiator)
  const asCaller = impersonationInKoa('required')
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      ctx.body = reportOf(error)
      ctx.status = 502
    }
  })
  app.use(kerberos)
  app.use((ctx, next) => (ctx.path === '/ambient' ? asCaller(ctx, next) : next()))
  app.use(async (ctx) => {
    const [action, user = ''] = ctx.path.slice(1).split('/')
    const { status, body } = await actions[action](ctx.identity, user)
    ctx.body = body
    ctx.status = status
  })
  return app.callback()
}

function expressBackend(keytab: string): RequestListener {
  const app = express()
  app.use(negotiateInExpress({ keytab }))
  return app.get('/orders', (req, res) => void res.json(req.identity))
}

function koaBackend(keytab: string): RequestListener {
  const app = new Koa()
  app.use(negotiateInKoa({ keytab }))
  app.use((ctx) => {
    ctx.body = ctx.identity.toJSON()
  })
  return app.callback()
}
