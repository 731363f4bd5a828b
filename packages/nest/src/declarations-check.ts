import { ConfigurationError } from '@s4u/negotiate'
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core'
import { NegotiateGuard } from './negotiate-guard.js'
import { type Negotiation, NEGOTIATION } from './negotiation.js'
import { type RouteRules, rulesAt } from './route-rules.js'

/** Whether the guard is bound to all routes. */
export const IS_FOR_ALL = 's4u:isForAll'

// The names under which Nest keeps what decorators say. It exports none of them in both majors.
const GUARDS = '__guards__'
const GATEWAY = 'websockets:is_gateway'
const MESSAGES = ['websockets:message_mapping', 'microservices:pattern']
const FIELD = 'graphql:resolve_property'

/**
 * Looks, when the app starts, at what nothing would check at a request: guards of an app do not
 * count for gateways, for messages of a hybrid app, and for fields of GraphQL.
 */
export class DeclarationsCheck implements OnApplicationBootstrap {
  readonly #discovery: DiscoveryService
  readonly #scanner = new MetadataScanner()
  readonly #negotiation: Negotiation
  readonly #isForAll: boolean
  readonly #modules: ModuleRef

  constructor(discovery: DiscoveryService, negotiation: Negotiation, isForAll: boolean, modules: ModuleRef) {
    this.#discovery = discovery
    this.#negotiation = negotiation
    this.#isForAll = isForAll
    this.#modules = modules
  }

  /** @throws ConfigurationError */
  onApplicationBootstrap(): void {
    const wrappers = [...this.#discovery.getControllers(), ...this.#discovery.getProviders()]
    for (const owner of new Set(wrappers.map(({ metatype }) => metatype))) {
      if (typeof owner !== 'function' || typeof owner.prototype !== 'object' || owner.prototype === null) continue
      this.#checkGateway(owner)
      for (const name of this.#scanner.getAllMethodNames(owner.prototype)) this.#checkMethod(owner, name)
    }
  }

  #checkGateway(owner: object & { readonly name: string }): void {
    if (!this.#isForAll || this.#negotiation.knowsSockets || !Reflect.hasMetadata(GATEWAY, owner)) return
    if (rulesAt([owner]).mode === 'off') return
    throw new ConfigurationError(`the gateway ${owner.name} is open to everybody: guards see no handshake`, {
      hint: "Write app.useWebSocketAdapter(negotiateSockets(app, new WsAdapter(app))), or @NegotiateMode('off') at a gateway for everybody.",
    })
  }

  #checkMethod(owner: object & { readonly name: string; readonly prototype: object }, name: string): void {
    const method: unknown = Reflect.get(owner.prototype, name)
    if (typeof method !== 'function') return
    const rules = rulesAt([owner, method])
    if (rules.impersonation !== undefined) this.#negotiation.impersonationGate(rules.impersonation)
    if (!rules.areDeclared) return
    const where = `${owner.name}.${name}`
    if (MESSAGES.some((key) => Reflect.hasMetadata(key, method)) && !isGuarded([owner, method]))
      throw new ConfigurationError(`${where} is a message, and no guard checks ${namesOf(rules)} there`, {
        hint: 'Add @Negotiated() to the class.',
      })
    if (Reflect.hasMetadata(FIELD, method) && !this.#guardsFields())
      throw new ConfigurationError(`${where} is a field of GraphQL, and no guard checks ${namesOf(rules)} there`, {
        hint: "Give GraphQLModule.forRoot({ fieldResolverEnhancers: ['guards', 'interceptors'] }).",
      })
  }

  #guardsFields(): boolean {
    const { fieldResolverEnhancers = [] } = this.#optionsOfGraphQL()
    return ['guards', 'interceptors'].every((kind) => fieldResolverEnhancers.includes(kind))
  }

  #optionsOfGraphQL(): { readonly fieldResolverEnhancers?: readonly string[] } {
    try {
      return this.#modules.get('GqlModuleOptions', { strict: false })
    } catch {
      return {}
    }
  }
}

Injectable()(DeclarationsCheck)
for (const [index, token] of [DiscoveryService, NEGOTIATION, IS_FOR_ALL, ModuleRef].entries())
  Inject(token)(DeclarationsCheck, undefined, index)

function isGuarded(places: readonly object[]): boolean {
  return places.some((place) => {
    const guards: unknown = Reflect.getMetadata(GUARDS, place)
    return Array.isArray(guards) && guards.some(isOurs)
  })
}

function isOurs(guard: unknown): boolean {
  return guard === NegotiateGuard || guard instanceof NegotiateGuard || isSubclass(guard)
}

function isSubclass(guard: unknown): boolean {
  return typeof guard === 'function' && guard.prototype instanceof NegotiateGuard
}

function namesOf({ gates, impersonation }: RouteRules): string {
  return [gates.length > 0 && '@Require…()', impersonation !== undefined && '@Impersonation()']
    .filter((name) => name !== false)
    .join(' and ')
}
