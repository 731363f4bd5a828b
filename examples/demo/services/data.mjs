import { negotiate } from '@s4u/koa'
import Koa from 'koa'

/**
 * The last backend. Its own rule decides, and it needs nothing but the ticket: Sales sees all
 * orders, everybody else their own.
 */
export function createData({ keytab, sales }) {
  const app = new Koa()
  app.use(negotiate({ keytab }))
  app.use((ctx) => {
    const { identity } = ctx
    const rows = identity.isInGroup(sales) ? orders : orders.filter(({ owner }) => owner === identity.name)
    ctx.body = { service: 'data', rule: 'Sales sees all orders, everybody else their own.', rows, identity }
  })
  return app
}

/**
 * A second backend of web, which decides itself who may come in other people's names
 * (resource-based delegation).
 */
export function createArchive({ keytab }) {
  const app = new Koa()
  app.use(negotiate({ keytab }))
  app.use((ctx) => {
    const { identity } = ctx
    const rows = [{ order: '1998-041', owner: identity.name, item: 'a paper invoice', total: '12.00' }]
    ctx.body = { service: 'archive', rule: 'Everybody sees what is filed under their own name.', rows, identity }
  })
  return app
}

/** What a company has had for years: it knows Kerberos, and nothing of the internet. */
export function createIntranet({ keytab }) {
  const app = new Koa()
  app.use(negotiate({ keytab }))
  app.use((ctx) => {
    const { identity } = ctx
    const rows = [{ room: '3.14', day: 'Monday', booked: identity.name }]
    ctx.body = { service: 'intranet', rule: 'Everybody sees the rooms that they have booked.', rows, identity }
  })
  return app
}

const orders = [
  { order: '2026-101', owner: 'alice', item: 'looking glass', total: '80.00' },
  { order: '2026-102', owner: 'bob', item: 'spanner', total: '14.50' },
  { order: '2026-103', owner: 'carol', item: 'goose', total: '31.00' },
  { order: '2026-104', owner: 'alice', item: 'tea for three', total: '9.90' },
]
