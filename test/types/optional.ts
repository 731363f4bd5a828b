/**
 * A project where authentication may be optional: it says so once, and no handler forgets it.
 * Compiled, never run.
 */
import * as express from '@s4u/express'
import * as fastify from '@s4u/fastify'
import * as hono from '@s4u/hono'
import * as koa from '@s4u/koa'
import type { CallerIdentity } from '@s4u/negotiate'
import createExpress from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'

declare module '@s4u/express' {
  interface Authentication {
    mode: 'optional'
  }
}

declare module '@s4u/fastify' {
  interface Authentication {
    mode: 'optional'
  }
}

declare module '@s4u/hono' {
  interface Authentication {
    mode: 'optional'
  }
}

declare module '@s4u/koa' {
  interface Authentication {
    mode: 'optional'
  }
}

const web = createExpress()
web.use(express.negotiate({ mode: 'optional' }))
web.get('/', (req, res) => {
  const caller: CallerIdentity | undefined = req.identity
  // @ts-expect-error nobody may be there
  res.send(req.identity.principal)
  res.send(caller?.principal ?? 'stranger')
})

const app = new Koa()
app.use(koa.negotiate({ mode: 'optional' }))
app.use((ctx) => {
  // @ts-expect-error nobody may be there
  ctx.body = ctx.identity.principal
  // @ts-expect-error nor in the state
  ctx.body = ctx.state.identity.principal
  ctx.body = ctx.identity?.principal ?? 'stranger'
})

const site = Fastify()
site.register(fastify.negotiate, { mode: 'optional' })
site.get('/', (request) => {
  // @ts-expect-error nobody may be there
  const name: string = request.identity.principal
  return request.identity?.principal ?? name
})

const edge = new Hono()
edge.use(hono.negotiate({ mode: 'optional' }))
edge.get('/', (c) => {
  // @ts-expect-error nobody may be there
  const name: string = c.get('identity').principal
  return c.text(c.get('identity')?.principal ?? name)
})
