import 'reflect-metadata'
import { ConfigurationError, type Mode } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import {
  Impersonation,
  NegotiateMode,
  RequireDelegatedBy,
  RequireGroup,
  RequireIdentity,
  rulesAt,
} from './route-rules.js'

/** Returns a class with a method `read`, decorated as given. */
function placesOf(ofClass: readonly ClassDecorator[], ofMethod: readonly MethodDecorator[]) {
  class Orders {
    read(): void {}
  }
  for (const decorate of ofClass) decorate(Orders)
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'read')!
  for (const decorate of ofMethod) decorate(Orders.prototype, 'read', descriptor)
  return { owner: Orders, places: [Orders, Orders.prototype.read] }
}

test('a route that says nothing has no rules', () => {
  expect(rulesAt(placesOf([], []).places)).toEqual({
    mode: undefined,
    gates: [],
    impersonation: undefined,
    areDeclared: false,
  })
})

test.each<[Mode, boolean]>([
  ['required', true],
  ['optional', false],
  ['off', false],
])('the mode %s of a handler goes before that of its controller', (mode, areDeclared) => {
  const others: Mode = mode === 'off' ? 'required' : 'off'
  const { places } = placesOf([NegotiateMode(others)], [NegotiateMode(mode)])
  expect(rulesAt(places)).toMatchObject({ mode, areDeclared })
})

test('the mode and the impersonation of a controller count where a handler says none', () => {
  const { places } = placesOf([NegotiateMode('optional'), Impersonation('required')], [])
  expect(rulesAt(places)).toMatchObject({ mode: 'optional', impersonation: 'required', areDeclared: true })
})

test('the impersonation of a handler goes before that of its controller', () => {
  const { places } = placesOf([Impersonation('required')], [Impersonation('notAllowed')])
  expect(rulesAt(places).impersonation).toBe('notAllowed')
})

describe('the gates of a route', () => {
  test('are those of the controller and of the handler, none in place of another', () => {
    const sales = RequireGroup('S-1-5-21-1-2-3-1104')
    const { places } = placesOf(
      [sales, RequireIdentity()],
      [
        RequireGroup('S-1-5-21-1-2-3-1105'),
        RequireGroup(['S-1-5-21-1-2-3-1106']),
        RequireDelegatedBy(['HTTP/a@A.TEST']),
      ],
    )
    const { gates, areDeclared } = rulesAt(places)
    expect([gates.length, new Set(gates).size, areDeclared]).toEqual([5, 5, true])
  })

  test('of a class hold for the classes that extend it, which add theirs and give none back', () => {
    const { owner } = placesOf([RequireGroup('S-1-5-21-1-2-3-1104')], [])
    class Invoices extends owner {}
    RequireGroup('S-1-5-21-1-2-3-1105')(Invoices)
    const [inherited, own] = [rulesAt([owner]).gates, rulesAt([Invoices]).gates]
    expect([inherited.length, own.length]).toEqual([1, 2])
    expect(own[0]).toBe(inherited[0])
  })
})

test.each([
  ['NegotiateMode', () => Reflect.apply(NegotiateMode, undefined, ['of']), 'required, optional, off'],
  ['NegotiateMode', () => Reflect.apply(NegotiateMode, undefined, [undefined]), 'required, optional, off'],
  ['Impersonation', () => Reflect.apply(Impersonation, undefined, ['yes']), 'required, allowed, notAllowed'],
])('@%s() refuses other words at once, case %#', (name, declare, words) => {
  expect(declare).toThrow(new ConfigurationError(`${name}: the word must be one of ${words}`))
})

test.each([
  ['RequireGroup', () => RequireGroup([])],
  ['RequireDelegatedBy', () => RequireDelegatedBy([])],
])('@%s() refuses an empty list at once', (_name, declare) => {
  let refused: unknown
  try {
    declare()
  } catch (error) {
    refused = error
  }
  expect(refused).toBeInstanceOf(ConfigurationError)
})
