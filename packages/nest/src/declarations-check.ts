import { ConfigurationError } from '@s4u/negotiate'
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core'
import { AmbientInterceptor } from './ambient-interceptor.js'
import { NegotiateGuard } from './negotiate-guard.js'
import { type Negotiation, NEGOTIATION } from './negotiation.js'
import { type RouteRules, rulesAt } from './route-rules.js'

/** Whether the guard is bound to all routes. */
export const IS_FOR_ALL = 's4u:isForAll'

// The names under which Nest keeps what decorators say. It exports none of them in both majors.
const GUARDS = '__guards__'
const INTERCEPTORS = '__interceptors__'
const GATEWAY = 'websockets:is_gateway'
const PATTERN = 'microservices:pattern'
const MESSAGES = ['websockets:message_mapping', PATTERN]
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
    const where = `${owner.name}.${name}`
    const [isGuarded, isRun] = [isBound(GUARDS, NegotiateGuard), isBound(INTERCEPTORS, AmbientInterceptor)].map(
      (isOurs) => isOurs([owner, method]),
    )
    // Those of an app do not count for its microservices, unless connectMicroservice is told so.
    if (this.#isForAll && rules.mode !== 'off' && Reflect.hasMetadata(PATTERN, method) && !isGuarded)
      throw new ConfigurationError(`${where} is a message of a microservice, whose caller nobody knows`, {
        hint: "Write @NegotiateMode('off') at it, if something else protects it, or @Negotiated(), which refuses it.",
      })
    if (!rules.areDeclared) return
    if (MESSAGES.some((key) => Reflect.hasMetadata(key, method))) {
      const isUnrun = rules.impersonation !== undefined && !isRun
      const missing = isGuarded
        ? isUnrun
          ? 'interceptor obeys @Impersonation()'
          : undefined
        : `guard checks ${namesOf(rules)}`
      if (missing !== undefined)
        throw new ConfigurationError(`${where} is a message, and no ${missing} there`, {
          hint: 'Add @Negotiated() to the class.',
        })
    }
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

/** Returns a test for classes and methods to which one of ours, or a subclass of it, is bound. */
function isBound(key: string, ours: typeof NegotiateGuard | typeof AmbientInterceptor) {
  const isOurs = (one: unknown): boolean =>
    one === ours || one instanceof ours || (typeof one === 'function' && one.prototype instanceof ours)
  return (places: readonly object[]): boolean =>
    places.some((place) => {
      const bound: unknown = Reflect.getMetadata(key, place)
      return Array.isArray(bound) && bound.some(isOurs)
    })
}

function namesOf({ gates, impersonation, mode }: RouteRules): string {
  return [
    gates.length > 0 && '@Require…()',
    impersonation !== undefined && '@Impersonation()',
    mode === 'required' && "@NegotiateMode('required')",
  ]
    .filter((name) => name !== false)
    .join(' and ')
}
