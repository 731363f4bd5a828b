import { closeOptions, ConfigurationError, createAdapterNegotiator, type Negotiator } from '@s4u/negotiate'
import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common'
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core'
import { AmbientInterceptor } from './ambient-interceptor.js'
import { RequestCaller } from './caller.js'
import { DeclarationsCheck, IS_FOR_ALL } from './declarations-check.js'
import { S4uExceptionFilter } from './exception-filter.js'
import type { PlatformRequest } from './exchange.js'
import { NegotiateGuard } from './negotiate-guard.js'
import { Negotiation, NEGOTIATION, type S4uModuleOptions } from './negotiation.js'

/** Injects the negotiator: `@Inject(NEGOTIATOR) negotiator: Negotiator`. */
export const NEGOTIATOR = 's4u:negotiator'

const OPTIONS = 's4u:options'

/** What the module decides before any option is known. */
export interface S4uModuleExtras {
  /**
   * What asks for callers. `allRoutes`: everything of http and GraphQL, but what says
   * `@NegotiateMode('off')` or `'optional'`. `guardedRoutes`: what says
   * `@UseGuards(NegotiateGuard)`; everything else is open. Default `allRoutes`.
   */
  readonly protect?: 'allRoutes' | 'guardedRoutes'
}

/** Makes options, for `useClass` and `useExisting`. */
export interface S4uOptionsFactory {
  createS4uOptions(): S4uModuleOptions | Promise<S4uModuleOptions>
}

/**
 * How options are made that need other providers, such as Nest's ConfigService: by one of
 * `useFactory`, `useClass` and `useExisting`.
 */
export interface S4uModuleAsyncOptions extends S4uModuleExtras, Pick<ModuleMetadata, 'imports'> {
  readonly useFactory?: FactoryProvider<S4uModuleOptions>['useFactory']
  /** What `useFactory` is given. */
  readonly inject?: FactoryProvider['inject']
  readonly useClass?: Type<S4uOptionsFactory>
  readonly useExisting?: Type<S4uOptionsFactory>
}

/**
 * The module of an app that knows its callers by Kerberos. Import it once, in the root module; what
 * it provides is global.
 *
 * ```ts
 * import { Module } from '@nestjs/common'
 * import { S4uModule } from '@s4u/nest'
 *
 * export class AppModule {}
 * Module({ imports: [S4uModule.forRoot({ keytab: 'web.keytab' })] })(AppModule)
 * ```
 */
// oxlint-disable-next-line typescript/no-extraneous-class
export class S4uModule {
  /**
   * Returns the module with options.
   * @throws ConfigurationError, MissingKeyError when the app is created
   */
  static forRoot(options: S4uModuleOptions = {}, extras?: S4uModuleExtras): DynamicModule {
    return moduleOf([{ provide: OPTIONS, useValue: options }], isForAll('S4uModule.forRoot', extras))
  }

  /**
   * Returns the module with options that another provider makes.
   * @throws ConfigurationError at once where it is not said how
   */
  static forRootAsync(given: S4uModuleAsyncOptions): DynamicModule {
    const closed = closeOptions<S4uModuleAsyncOptions>('S4uModule.forRootAsync', given, ASYNC_OPTIONS)
    const { imports = [], protect } = closed
    return moduleOf(providersOf(closed), isForAll('S4uModule.forRootAsync', { ...(protect && { protect }) }), imports)
  }
}

Module({})(S4uModule)

const EXTRAS = { protect: 'value' } as const
const ASYNC_OPTIONS = {
  ...EXTRAS,
  imports: 'value',
  useFactory: 'value',
  inject: 'value',
  useClass: 'value',
  useExisting: 'value',
} as const

function isForAll(owner: string, given: S4uModuleExtras | undefined): boolean {
  const { protect = 'allRoutes' } = closeOptions<S4uModuleExtras>(owner, given, EXTRAS)
  if (protect === 'allRoutes' || protect === 'guardedRoutes') return protect === 'allRoutes'
  throw new ConfigurationError(`${owner}: protect must be allRoutes or guardedRoutes`)
}

function providersOf({ useFactory, inject = [], useClass, useExisting }: S4uModuleAsyncOptions): readonly Provider[] {
  if (useFactory !== undefined) return [{ provide: OPTIONS, inject, useFactory }]
  const maker = useExisting ?? useClass
  if (maker === undefined)
    throw new ConfigurationError('S4uModule.forRootAsync needs useFactory, useClass or useExisting', {
      hint: 'Write S4uModule.forRootAsync({ useFactory: () => ({ keytab: process.env.KEYTAB }) }).',
    })
  const options: Provider = {
    provide: OPTIONS,
    inject: [maker],
    useFactory: (factory: S4uOptionsFactory) => factory.createS4uOptions(),
  }
  return useClass === undefined ? [options] : [options, useClass]
}

function moduleOf(
  options: readonly Provider[],
  forAll: boolean,
  imports: NonNullable<ModuleMetadata['imports']> = [],
): DynamicModule {
  return {
    module: S4uModule,
    global: true,
    imports: [DiscoveryModule, ...imports],
    providers: [
      ...options,
      ...OF_ALL,
      { provide: IS_FOR_ALL, useValue: forAll },
      ...(forAll ? [{ provide: APP_GUARD, useClass: NegotiateGuard }] : []),
    ],
    exports: [NEGOTIATION, NEGOTIATOR, RequestCaller],
  }
}

const OF_ALL: readonly Provider[] = [
  {
    provide: NEGOTIATION,
    inject: [OPTIONS],
    useFactory: (given: S4uModuleOptions) => new Negotiation(createAdapterNegotiator<PlatformRequest>(given)),
  },
  {
    provide: NEGOTIATOR,
    inject: [NEGOTIATION],
    useFactory: ({ negotiator }: Negotiation): Negotiator => negotiator,
  },
  RequestCaller,
  DeclarationsCheck,
  { provide: APP_FILTER, useClass: S4uExceptionFilter },
  { provide: APP_INTERCEPTOR, useClass: AmbientInterceptor },
]
