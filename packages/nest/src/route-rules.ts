import {
  ConfigurationError,
  delegatedByGate,
  type Gate,
  groupGate,
  identityGate,
  type ImpersonationOption,
  type Mode,
} from '@s4u/negotiate'
import { type CustomDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common'

const MODE = 's4u:mode'
const IDENTITY = 's4u:identity'
const GROUP = 's4u:group'
const DELEGATED_BY = 's4u:delegatedBy'
const IMPERSONATION = 's4u:impersonation'

/**
 * Says, at a handler or a controller, whether its callers must authenticate. That of a handler goes
 * before that of its controller, and both before the option `mode`.
 *
 * @throws ConfigurationError at once
 *
 * @example
 * ```ts
 * import { NegotiateMode } from '@s4u/nest'
 *
 * // `@Public()` at a handler lets everybody pass.
 * export const Public = () => NegotiateMode('off')
 * ```
 */
export function NegotiateMode(mode: Mode): CustomDecorator {
  return SetMetadata(MODE, oneOf('NegotiateMode', mode, ['required', 'optional', 'off']))
}

/**
 * Lets known callers pass and asks others to authenticate, whatever `mode` says, and preflights
 * too.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireIdentity, S4uModule } from '@s4u/nest'
 *
 * // Everybody may read; whoever writes must be known.
 * export const kerberos = S4uModule.forRoot({ keytab: 'web.keytab', mode: 'optional' })
 *
 * @Controller()
 * export class Drafts {
 *   @Get('drafts')
 *   @RequireIdentity()
 *   drafts(): string {
 *     return 'for people whom we know'
 *   }
 * }
 * ```
 */
export function RequireIdentity(): CustomDecorator {
  return addGate(IDENTITY, identityGate())
}

/**
 * Lets members of at least one of the groups pass; other callers get 403, and so does a caller
 * whose groups are not known. Where there are several (at a controller and its handler, two at one
 * place, at a class and the class that it extends), each must let the caller pass.
 *
 * @param groups SIDs, or `CORP\Sales` where the negotiator has the option `directory`
 * @throws ConfigurationError at once
 *
 * @example
 * ```ts
 * import { RequireGroup } from '@s4u/nest'
 *
 * // `@SalesOnly()` at a handler or a controller.
 * export const SalesOnly = () => RequireGroup(String.raw`CORP\Sales`)
 * ```
 */
export function RequireGroup(groups: string | readonly string[]): CustomDecorator {
  return addGate(GROUP, groupGate([groups].flat()))
}

/**
 * Lets callers pass who came through these services and no others.
 * @throws ConfigurationError at once for an empty list
 *
 * @example
 * ```ts
 * import { RequireDelegatedBy } from '@s4u/nest'
 *
 * // `@ThroughTheShop()` at a handler or a controller.
 * export const ThroughTheShop = () => RequireDelegatedBy(['HTTP/shop.ad.test@AD.TEST'])
 * ```
 */
export function RequireDelegatedBy(services: readonly string[]): CustomDecorator {
  return addGate(DELEGATED_BY, delegatedByGate(services))
}

/**
 * Says how a handler impersonates. `required` runs it as the caller, so that the `fetch` of
 * `@s4u/fetch` acts as the caller, and refuses callers who cannot be impersonated. `allowed` does
 * so under `impersonateCallerForAllOperations`. `notAllowed` never does.
 *
 * @throws ConfigurationError at once
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { fetch } from '@s4u/fetch'
 * import { Impersonation } from '@s4u/nest'
 *
 * @Controller()
 * export class Orders {
 *   @Get('orders')
 *   @Impersonation('required')
 *   async all(): Promise<string> {
 *     const orders = await fetch('https://api.ad.test/orders') // as the caller
 *     return orders.text()
 *   }
 * }
 * ```
 */
export function Impersonation(option: ImpersonationOption): CustomDecorator {
  return SetMetadata(IMPERSONATION, oneOf('Impersonation', option, ['required', 'allowed', 'notAllowed']))
}

/** What is declared at a handler, and at its controller. */
export interface RouteRules {
  readonly mode: Mode | undefined
  /** The outer ones first. */
  readonly gates: readonly Gate[]
  readonly impersonation: ImpersonationOption | undefined
  /** Something is declared that a guard must look at. */
  readonly areDeclared: boolean
}

/** Returns what counts for the handler of a request. */
export function rulesOf(context: ExecutionContext): RouteRules {
  return rulesAt([context.getClass(), context.getHandler()])
}

/** @param places a class, and one of its methods */
export function rulesAt(places: readonly object[]): RouteRules {
  const declared = <T>(key: string): readonly T[] =>
    places.map((place): T | undefined => Reflect.getMetadata(key, place)).filter((one) => one !== undefined)
  const gates = [IDENTITY, GROUP, DELEGATED_BY].flatMap((key) => declared<readonly Gate[]>(key).flat())
  const mode = declared<Mode>(MODE).at(-1)
  const impersonation = declared<ImpersonationOption>(IMPERSONATION).at(-1)
  const areDeclared = gates.length > 0 || impersonation !== undefined || mode === 'required'
  return { mode, gates, impersonation, areDeclared }
}

/**
 * Adds a check to those that a class or a method has already, those of the class that it extends
 * included: `SetMetadata` would put it in their place, and let callers pass whom they refuse.
 */
function addGate(key: string, gate: Gate): CustomDecorator {
  const decorate = (target: object, _name?: unknown, descriptor?: PropertyDescriptor): void => {
    const place: object = descriptor?.value ?? target
    const before: readonly Gate[] = Reflect.getMetadata(key, place) ?? []
    Reflect.defineMetadata(key, [...before, gate], place)
  }
  return Object.assign(decorate, { KEY: key })
}

function oneOf<T extends string>(owner: string, value: T, words: readonly T[]): T {
  if (words.includes(value)) return value
  throw new ConfigurationError(`${owner}: the word must be one of ${words.join(', ')}`)
}
