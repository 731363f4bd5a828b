import { ConfigurationError } from '@s4u/negotiate'
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core'
import type { DynamicModule } from '@nestjs/common'
import { describe, expect, test } from 'vitest'
import { RequestCaller } from './caller.js'
import { IS_FOR_ALL } from './declarations-check.js'
import { NegotiateGuard } from './negotiate-guard.js'
import { NEGOTIATION } from './negotiation.js'
import { NEGOTIATOR, S4uModule } from './s4u-module.js'

const providersAt = ({ providers = [] }: DynamicModule, token: string) =>
  providers.filter((provider) => 'provide' in provider && provider.provide === token)

describe('what the module binds', () => {
  test.each([
    ['nothing is said', undefined],
    ['protect is allRoutes', { protect: 'allRoutes' }],
  ] as const)('is the guard of all routes where %s', (_case, extras) => {
    const module = S4uModule.forRoot({ keytab: 'web.keytab' }, extras)
    expect(providersAt(module, APP_GUARD)).toEqual([{ provide: APP_GUARD, useClass: NegotiateGuard }])
    expect(providersAt(module, IS_FOR_ALL)).toEqual([{ provide: IS_FOR_ALL, useValue: true }])
  })

  test.each([
    ['forRoot', () => S4uModule.forRoot({}, { protect: 'guardedRoutes' })],
    ['forRootAsync', () => S4uModule.forRootAsync({ useFactory: () => ({}), protect: 'guardedRoutes' })],
  ])('is no guard under guardedRoutes, but the filter and the interceptor: %s', (_name, make) => {
    const module = make()
    expect([APP_GUARD, APP_FILTER, APP_INTERCEPTOR].map((token) => providersAt(module, token).length)).toEqual([
      0, 1, 1,
    ])
    expect(providersAt(module, IS_FOR_ALL)).toEqual([{ provide: IS_FOR_ALL, useValue: false }])
  })

  test('is global, and gives the negotiator and the caller to other modules', () => {
    expect(S4uModule.forRoot()).toMatchObject({
      module: S4uModule,
      global: true,
      exports: [NEGOTIATION, NEGOTIATOR, RequestCaller],
    })
  })
})

describe('the options of forRootAsync', () => {
  const OPTIONS = 's4u:options'
  class Settings {
    createS4uOptions = () => ({ keytab: 'web.keytab' })
  }

  test('come from a factory, with what it asks for', () => {
    const useFactory = () => ({})
    const module = S4uModule.forRootAsync({ useFactory, inject: [Settings] })
    expect(providersAt(module, OPTIONS)).toEqual([{ provide: OPTIONS, inject: [Settings], useFactory }])
  })

  test.each([
    ['useClass', { useClass: Settings }, true],
    ['useExisting', { useExisting: Settings }, false],
  ])('come from a class, which the module makes itself under useClass alone: %s', (_name, given, isMade) => {
    const module = S4uModule.forRootAsync(given)
    const [provider] = providersAt(module, OPTIONS)
    expect(provider).toMatchObject({ provide: OPTIONS, inject: [Settings] })
    expect((module.providers ?? []).includes(Settings)).toBe(isMade)
  })

  test('are refused at once where nothing makes them', () => {
    expect(() => S4uModule.forRootAsync({})).toThrow(
      new ConfigurationError('S4uModule.forRootAsync needs useFactory, useClass or useExisting', {
        hint: 'Write S4uModule.forRootAsync({ useFactory: () => ({ keytab: process.env.KEYTAB }) }).',
      }),
    )
  })
})

test.each([
  ['S4uModule.forRoot', () => Reflect.apply(S4uModule.forRoot, S4uModule, [{}, { protect: 'all' }])],
  [
    'S4uModule.forRootAsync',
    () => Reflect.apply(S4uModule.forRootAsync, S4uModule, [{ useFactory: () => ({}), protect: 'none' }]),
  ],
])('%s refuses other words in protect at once, and so leaves no route open', (owner, make) => {
  expect(make).toThrow(new ConfigurationError(`${owner}: protect must be allRoutes or guardedRoutes`))
})
