/**
 * Queries of GraphQL. Nest's driver of Apollo answers 200, whatever a resolver says of its status.
 */

import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import { Field, GraphQLModule, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql'
import {
  Caller,
  currentIdentity,
  Impersonation,
  impersonatedIdentity,
  NegotiateMode,
  RequireGroup,
  S4uModule,
  type S4uModuleOptions,
} from '@s4u/nest'
import { type CallerIdentity, RejectedTokenError } from '@s4u/negotiate'
import { Logger, type Type } from '@nestjs/common'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { startNest } from './fixtures/stacks/nest-app.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const SALES = realm.sidOf('Sales')
const NOBODY = 'S-1-5-21-1-2-3-4'

afterEach(() => void vi.restoreAllMocks())

interface Answered {
  readonly data: object | null
  readonly errors: readonly { readonly message: string }[]
}

type Decorators = readonly (ClassDecorator & MethodDecorator)[]

/** Returns a resolver with a text for each name. */
function resolverOf(queries: Readonly<Record<string, Decorators>>, handle = tell): Type {
  class Pages {
    readonly handle = handle
  }
  Resolver()(Pages)
  for (const [name, own] of Object.entries(queries)) {
    const value = (caller: CallerIdentity | undefined) => handle(caller)
    Object.defineProperty(Pages.prototype, name, { value, configurable: true, writable: true })
    for (const decorate of [Query(() => String, { nullable: true }), ...own])
      decorate(Pages.prototype, name, Object.getOwnPropertyDescriptor(Pages.prototype, name)!)
    Caller()(Pages.prototype, name, 0)
  }
  return Pages
}

const tell = (caller: CallerIdentity | undefined): string =>
  [caller, currentIdentity(), impersonatedIdentity()].map((one) => one?.principal.split('@')[0] ?? 'nobody').join(' ')

async function open(resolvers: readonly Type[], options: S4uModuleOptions = {}, ofGraphQL: object = {}) {
  const all = { keytab, kdc: realm.transport, delegation: { principal: 'web' }, ...options }
  const graph = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    csrfPrevention: false,
    ...ofGraphQL,
  })
  const site = await startNest('express', { imports: [S4uModule.forRoot(all), graph], providers: [...resolvers] })
  const ask = async (query: string, authorization?: string) => {
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
    const answer = await fetch(`${site.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
    return {
      status: answer.status,
      challenge: answer.headers.get('www-authenticate'),
      body: (await answer.json()) as Answered,
    }
  }
  return { ask, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
}

describe('a query', () => {
  const queries = { plain: [], asCaller: [Impersonation('required')], open: [NegotiateMode('optional')] }

  test('without a ticket has no data but the header that asks for one, and with it knows the caller', async () => {
    await using site = await open([resolverOf(queries)])
    const refused = await site.ask('{ plain }')
    expect(refused).toMatchObject({ challenge: 'Negotiate', body: { data: { plain: null } } })
    expect(refused.body.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
    const answer = await site.ask('{ plain asCaller open }', await alice.authorization())
    expect(answer).toMatchObject({ status: 200, challenge: expect.stringMatching(/^Negotiate \S+$/) })
    expect(answer.body).toEqual({
      data: { plain: 'alice alice nobody', asCaller: 'alice alice alice', open: 'alice alice nobody' },
    })
  })

  test('has unknown callers where it says so, and asks beside one that does not', async () => {
    await using site = await open([resolverOf(queries)])
    expect(await site.ask('{ open }')).toMatchObject({ status: 200, body: { data: { open: 'nobody nobody nobody' } } })
    const both = await site.ask('{ open plain }')
    expect(both).toMatchObject({
      challenge: 'Negotiate',
      body: { data: { open: 'nobody nobody nobody', plain: null } },
    })
  })

  test('is judged by the rules of its own resolver', async () => {
    await using site = await open([resolverOf({ sales: [RequireGroup(SALES)], others: [RequireGroup(NOBODY)] })])
    const answer = await site.ask('{ sales others }', await alice.authorization())
    expect(answer).toMatchObject({ body: { data: { sales: 'alice alice nobody', others: null } } })
    expect(JSON.stringify(answer.body)).not.toMatch(/S-1-5|alice@/)
  })

  test('that s4u refuses has its name alone, and the log has the reason', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const refuse = (): never => {
      throw new RejectedTokenError('alice may not use HTTP/api', {
        code: 'KDC_ERR_BADOPTION',
        status: 403,
        hint: 'Ask.',
      })
    }
    await using site = await open([resolverOf({ plain: [] }, refuse)])
    const { body } = await site.ask('{ plain }', await alice.authorization())
    expect(body.errors[0].message).toBe('Forbidden')
    expect(JSON.stringify(body)).not.toMatch(/alice|HTTP\/api|Ask/)
    expect(log.mock.calls).toEqual([['KDC_ERR_BADOPTION: alice may not use HTTP/api\nAsk.']])
  })
})

describe('a field with rules', () => {
  class Order {
    readonly id = 1
  }
  ObjectType()(Order)
  Field(() => String, { nullable: true })(Order.prototype, 'title')

  class Orders {
    price(): string {
      return '12'
    }
    first(): Order {
      return new Order()
    }
  }
  const at = (name: 'first' | 'price') =>
    [Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name)!] as const
  Resolver(() => Order)(Orders)
  Query(() => Order, { nullable: true })(...at('first'))
  ResolveField(() => String, { nullable: true })(...at('price'))
  RequireGroup(NOBODY)(...at('price'))

  test('does not start where no guard would check them', async () => {
    const refused = 'Orders.price is a field of GraphQL, and no guard checks @Require…() there'
    await expect(open([Orders])).rejects.toThrow(refused)
    await expect(open([Orders], {}, { fieldResolverEnhancers: ['guards'] })).rejects.toThrow(refused)
  })

  test('is judged by them where the module of GraphQL has guards for fields', async () => {
    await using site = await open([Orders], {}, { fieldResolverEnhancers: ['guards', 'interceptors'] })
    const answer = await site.ask('{ first { price } }', await alice.authorization())
    expect(answer).toMatchObject({ body: { data: { first: { price: null } } } })
  })
})
