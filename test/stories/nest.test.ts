/**
 * What is Nest's own: modules, guards, decorators, providers. That all other stories hold with Nest
 * is the stacks of its name.
 */

import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Injectable,
  Logger,
  UseGuards,
} from '@nestjs/common'
import { type CallerIdentity, RejectedTokenError } from '@s4u/negotiate'
import {
  Caller,
  currentIdentity,
  Impersonation,
  impersonatedIdentity,
  NegotiateGuard,
  NegotiateMode,
  RequestCaller,
  RequireDelegatedBy,
  RequireGroup,
  S4uModule,
  type S4uModuleAsyncOptions,
  type S4uModuleExtras,
  type S4uModuleOptions,
} from '@s4u/nest'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { controllerOf, moduleOf, type Route, startNest } from './fixtures/stacks/nest-app.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const SALES = realm.sidOf('Sales')
const NOBODY = 'S-1-5-21-1-2-3-4'
const withTicket = async () => ({ headers: { authorization: await alice.authorization() } })

const nameOf = (caller: CallerIdentity | undefined): string => caller?.principal ?? 'stranger'
const page = (...decorators: NonNullable<Route['decorators']>): Route => ({
  decorators,
  parameters: [Caller()],
  handle: nameOf,
})

afterEach(() => void vi.restoreAllMocks())

describe.each(['express', 'fastify'] as const)('on %s', (platform) => {
  const open = (
    routes: Readonly<Record<string, Route>>,
    options: S4uModuleOptions = {},
    extras?: S4uModuleExtras,
    prepare?: Parameters<typeof startNest>[2],
  ) => {
    const imports = [S4uModule.forRoot({ keytab, ...options }, extras)]
    return startNest(platform, { imports, controllers: [controllerOf(routes)] }, prepare)
  }
  const statusAt = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status
  const textAt = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).text()

  test('all routes ask for a caller, but those that say otherwise', async () => {
    const routes = { plain: page(), health: page(NegotiateMode('off')), maybe: page(NegotiateMode('optional')) }
    await using site = await open(routes)
    const first = await fetch(`${site.url}/plain`)
    expect([first.status, first.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
    expect(await textAt(`${site.url}/plain`, await withTicket())).toBe('alice@AD.TEST')
    expect(await textAt(`${site.url}/health`, await withTicket())).toBe('stranger')
    expect(await textAt(`${site.url}/maybe`)).toBe('stranger')
    expect(await textAt(`${site.url}/maybe`, await withTicket())).toBe('alice@AD.TEST')
  })

  test('a route asks where the module does not', async () => {
    await using site = await open({ free: page(), strict: page(NegotiateMode('required')) }, { mode: () => 'optional' })
    expect(await textAt(`${site.url}/free`)).toBe('stranger')
    expect(await statusAt(`${site.url}/strict`)).toBe(401)
  })

  test('only guarded routes ask where the module says so, and none is taken for one by mistake', async () => {
    const handle = vi.fn<() => string>(() => 'open')
    const routes = {
      open: { handle },
      guarded: page(UseGuards(NegotiateGuard)),
      caller: page(),
      sales: { decorators: [RequireGroup(SALES)], handle },
      asCaller: { decorators: [Impersonation('required')], handle },
    }
    await using site = await open(routes, {}, { protect: 'guardedRoutes' })
    expect(await textAt(`${site.url}/open`)).toBe('open')
    expect(handle).toHaveBeenCalledOnce()
    expect(await statusAt(`${site.url}/guarded`)).toBe(401)
    expect(await textAt(`${site.url}/guarded`, await withTicket())).toBe('alice@AD.TEST')
    for (const path of ['caller', 'sales', 'asCaller'])
      expect([path, await statusAt(`${site.url}/${path}`, await withTicket())]).toEqual([path, 500])
    expect(handle).toHaveBeenCalledOnce()
  })

  test('a guard that is bound twice judges a token once', async () => {
    await using site = await open({ twice: page(UseGuards(NegotiateGuard)) })
    const init = await withTicket()
    expect(await textAt(`${site.url}/twice`, init)).toBe('alice@AD.TEST')
    expect(await statusAt(`${site.url}/twice`, init)).toBe(401)
  })

  test('the groups of a controller and of its handler must both let the caller pass', async () => {
    const at = (ofClass: string, ofMethod: string) =>
      startNest(platform, {
        imports: [S4uModule.forRoot({ keytab })],
        controllers: [controllerOf({ sales: page(RequireGroup([ofMethod])) }, [RequireGroup([NOBODY, ofClass])])],
      })
    await using both = await at(SALES, SALES)
    expect(await textAt(`${both.url}/sales`, await withTicket())).toBe('alice@AD.TEST')
    await using outer = await at(NOBODY, SALES)
    const refused = await fetch(`${outer.url}/sales`, await withTicket())
    expect([refused.status, await refused.text()]).toEqual([403, 'You may not use this.\n'])
    await using inner = await at(SALES, NOBODY)
    expect(await statusAt(`${inner.url}/sales`, await withTicket())).toBe(403)
    expect(await statusAt(`${inner.url}/sales`)).toBe(401)
  })

  test('the caller is ambient, and handlers act as the caller where they say so', async () => {
    const handle = async () => {
      await new Promise(setImmediate)
      return { known: currentIdentity()?.principal, acts: impersonatedIdentity()?.principal }
    }
    const routes = { plain: { handle }, asCaller: { decorators: [Impersonation('required')], handle } }
    await using site = await open(routes, { kdc: realm.transport, delegation: { principal: 'web' } })
    const jsonAt = async (path: string) => (await fetch(`${site.url}/${path}`, await withTicket())).json()
    expect(await jsonAt('plain')).toEqual({ known: 'alice@AD.TEST' })
    expect(await jsonAt('asCaller')).toEqual({ known: 'alice@AD.TEST', acts: 'alice@AD.TEST' })
  })

  test('a provider of the request knows the caller, and not before the guard does', async () => {
    class Orders {
      readonly caller: RequestCaller
      readonly early: string
      constructor(caller: RequestCaller) {
        this.caller = caller
        this.early = caught(() => caller.identity).message
      }
    }
    Injectable()(Orders)
    Reflect.defineMetadata('design:paramtypes', [RequestCaller], Orders)
    const handle = ({ caller, early }: Orders) => ({ caller: nameOf(caller.identity), early })
    await using site = await startNest(platform, {
      imports: [S4uModule.forRoot({ keytab })],
      controllers: [controllerOf({ orders: { handle } }, [], [Orders])],
      providers: [Orders],
    })
    expect(await (await fetch(`${site.url}/orders`, await withTicket())).json()).toEqual({
      caller: 'alice@AD.TEST',
      early: 'a handler asks for its caller, but no NegotiateGuard has run',
    })
  })

  test('whom a middleware in front knows is not the caller of this module', async () => {
    const pretend = (request: object, _response: object, next: () => void): void => {
      Object.assign(request, { identity: { principal: 'mallory@AD.TEST' } })
      next()
    }
    const routes = { off: page(NegotiateMode('off')), optional: page(NegotiateMode('optional')) }
    await using site = await open(routes, {}, undefined, (app) => void app.use(pretend))
    expect([await textAt(`${site.url}/off`), await textAt(`${site.url}/optional`)]).toEqual(['stranger', 'stranger'])
    await using bare = await open({ caller: page() }, {}, { protect: 'guardedRoutes' }, (app) => void app.use(pretend))
    expect(await statusAt(`${bare.url}/caller`)).toBe(500)
  })

  test('a filter of the app that answers in place of ours asks for a token too', async () => {
    class Everything implements ExceptionFilter {
      catch(exception: unknown, host: ArgumentsHost): void {
        const status = exception instanceof HttpException ? exception.getStatus() : 500
        site.app.getHttpAdapter().reply(host.switchToHttp().getResponse(), { status }, status)
      }
    }
    Catch()(Everything)
    await using site = await open(
      { plain: page() },
      {},
      undefined,
      (app) => void app.useGlobalFilters(new Everything()),
    )
    const answer = await fetch(`${site.url}/plain`)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
    expect(await textAt(`${site.url}/plain`, await withTicket())).toBe('alice@AD.TEST')
  })

  test('an error of s4u has its status alone, and the log has the reason', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const handle = (): never => {
      throw new RejectedTokenError('alice may not use HTTP/api', {
        code: 'KDC_ERR_BADOPTION',
        status: 403,
        hint: 'Ask.',
      })
    }
    await using site = await open({ orders: { handle } })
    const answer = await fetch(`${site.url}/orders`, await withTicket())
    expect([answer.status, await answer.text()]).toEqual([403, 'Forbidden\n'])
    expect(log.mock.calls).toEqual([['KDC_ERR_BADOPTION: alice may not use HTTP/api\nAsk.']])
  })

  test.each<[string, (options: S4uModuleOptions) => S4uModuleAsyncOptions]>([
    ['useFactory', (options) => ({ inject: [Settings], imports: [settingsOf(options)], useFactory: optionsOf })],
    ['useExisting', (options) => ({ imports: [settingsOf(options)], useExisting: Settings })],
    ['useClass', (options) => ({ useClass: makerOf(options) })],
  ])('options come from another provider by %s', async (_name, given) => {
    const imports = [S4uModule.forRootAsync(given({ keytab, mode: 'optional' }))]
    await using site = await startNest(platform, { imports, controllers: [controllerOf({ plain: page() })] })
    expect(await textAt(`${site.url}/plain`)).toBe('stranger')
    expect(await textAt(`${site.url}/plain`, await withTicket())).toBe('alice@AD.TEST')
  })
})

test('an app with wrong options does not start', async () => {
  const start = (module: () => ReturnType<typeof S4uModule.forRoot>) => async () => {
    await startNest('express', { imports: [module()] })
  }
  for (const [module, message] of [
    [() => S4uModule.forRoot({ keytab, requirePAC: true } as never), /"requirePAC" .*requirePac/],
    [() => S4uModule.forRoot({ keytab: '/nowhere.keytab' }), /nowhere\.keytab/],
    [() => S4uModule.forRoot({ keytab }, { protect: 'all' } as never), /allRoutes or guardedRoutes/],
    [() => S4uModule.forRoot({ keytab }, { guard: true } as never), /guard/],
    [() => S4uModule.forRootAsync({}), /useFactory, useClass or useExisting/],
    [() => S4uModule.forRootAsync({ useFactroy: () => ({ keytab }) } as never), /useFactory/],
    [() => S4uModule.forRootAsync({ useFactory: () => ({ keytab }), protect: 'all' as never }), /guardedRoutes/],
  ] as const)
    await expect(start(module)()).rejects.toThrow(message)
})

test('a decorator takes no wrong words', () => {
  expect(() => NegotiateMode('maybe' as never)).toThrow(
    'NegotiateMode: the word must be one of required, optional, off',
  )
  expect(() => Impersonation('always' as never)).toThrow('Impersonation: the word must be one of required, allowed')
  expect(() => RequireGroup([])).toThrow('requireGroup needs')
  expect(() => RequireDelegatedBy([])).toThrow('requireDelegatedBy needs')
})

/** Options in a module of the app, as its settings are. */
class Settings {
  readonly options: S4uModuleOptions
  constructor(options: S4uModuleOptions) {
    this.options = options
  }
  createS4uOptions = (): Promise<S4uModuleOptions> => Promise.resolve(this.options)
}

const optionsOf = ({ options }: Settings): S4uModuleOptions => options

function settingsOf(options: S4uModuleOptions): new () => object {
  return moduleOf({ providers: [{ provide: Settings, useValue: new Settings(options) }], exports: [Settings] })
}

function makerOf(options: S4uModuleOptions): new () => Settings {
  return class extends Settings {
    constructor() {
      super(options)
    }
  }
}

const caught = (run: () => unknown): Error => {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  return new Error('nothing was thrown')
}
