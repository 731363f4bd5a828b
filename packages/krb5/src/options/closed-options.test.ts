import { describe, expect, test } from 'vitest'
import { closeOptions, NO_OPTIONS, pickOptions, requireKnownOptions } from './closed-options.js'
import { ConfigurationError } from '../errors/errors.js'
import type { OptionTableOf } from './option-table.js'

interface Options {
  readonly keytab?: string
  readonly requirePac?: boolean
  readonly channelBinding?: string
  readonly realms?: readonly string[]
  readonly domains?: Readonly<Record<string, string>>
  readonly delegation?: { readonly allow?: readonly string[]; readonly protocolTransition?: boolean }
  readonly session?: 'cookie' | { readonly keys?: readonly string[]; readonly maxAge?: number }
}

const TABLE = {
  keytab: 'value',
  requirePac: 'value',
  channelBinding: 'value',
  realms: 'value',
  domains: 'map',
  delegation: { allow: 'value', protocolTransition: 'value' },
  session: { orElse: 'value', group: { keys: 'value', maxAge: 'value' } },
} as const satisfies OptionTableOf<Options>

const close = (options: unknown): Options => closeOptions<Options>('negotiate', options as Options, TABLE)

function refusal(options: unknown): ConfigurationError {
  try {
    close(options)
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a name that is no option is refused', () => {
  test.each([
    [{ requirePAC: true }, '"requirePAC" is not an option; did you mean "requirePac"?'],
    [{ require_pac: true }, '"require_pac" is not an option; did you mean "requirePac"?'],
    [{ channelBindings: 'require' }, '"channelBindings" is not an option; did you mean "channelBinding"?'],
    [{ keyTab: 'x' }, '"keyTab" is not an option; did you mean "keytab"?'],
    [{ keytba: 'x' }, '"keytba" is not an option; did you mean "keytab"?'],
    [{ delegation: { allowed: [] } }, '"delegation.allowed" is not an option; did you mean "delegation.allow"?'],
    [{ session: { secret: 'x' } }, '"session.secret" is not an option; did you mean "session.keys"?'],
    // Right, but in the wrong place.
    [
      { protocolTransition: true },
      '"protocolTransition" is not an option; did you mean "delegation.protocolTransition"?',
    ],
    [{ maxage: 5 }, '"maxage" is not an option; did you mean "session.maxAge"?'],
    [{ delegation: { keytab: 'x' } }, '"delegation.keytab" is not an option; did you mean "keytab"?'],
  ])('%j', (options, message) => {
    expect(refusal(options).message).toBe(`negotiate: ${message}`)
    expect(refusal(options).code).toBe('S4U_UNKNOWN_OPTION')
  })

  test('and where none is near, all are named', () => {
    const error = refusal({ colour: 'blue' })
    expect(error.message).toBe('negotiate: "colour" is not an option')
    expect(error.hint).toBe('The options are keytab, requirePac, channelBinding, realms, domains, delegation, session.')
  })

  test('also one of the prototype, and one that has no value', () => {
    expect(refusal(Object.create({ requirePAC: true })).message).toContain('requirePAC')
    expect(refusal({ requirePAC: undefined }).message).toContain('requirePAC')
  })

  test('whatever its name is of Object', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty'])
      expect(refusal({ [name]: true }).message).toContain(`"${name}" is not an option`)
    expect(refusal(JSON.parse('{"__proto__": {"requirePac": false}}')).message).toContain(
      '"__proto__" is not an option',
    )
  })

  test('without being shown where it is long enough for a secret', () => {
    const error = refusal({ ['s'.repeat(41)]: true })
    expect(error.message).toBe('negotiate: a name of 41 characters is not an option')
    expect(refusal({ ['s'.repeat(40)]: true }).message).toContain('s'.repeat(40))
  })
})

describe('what is no object is refused, unseen', () => {
  test.each([
    ['hunter2', 'not a string'],
    [5, 'not a number'],
    [() => 1, 'not a function'],
    [['hunter2'], 'not a list'],
    [new Uint8Array([1]), 'not octets'],
    [Object.fromEntries(Object.entries('hunter2')), 'not a list'],
  ])('%o', (options, what) => {
    const error = refusal(options)
    expect(error.message).toBe(`negotiate: the options must be an object, ${what}`)
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain('hunter2')
  })

  test('a group too, unless it may be a value', () => {
    expect(refusal({ delegation: 'svc-web' }).message).toBe('negotiate: delegation must be an object, not a string')
    expect(refusal({ delegation: null }).message).toBe('negotiate: delegation must be an object, not null')
    expect(close({ session: 'cookie' }).session).toBe('cookie')
  })
})

describe('what stands under a name', () => {
  const table = { flag: 'flag', texts: 'texts', call: 'function', any: 'value' } as const
  const closeKinds = (options: object) => () => closeOptions<object>('negotiate', options, table)

  test.each([
    [{ flag: 'false' }, 'flag must be true or false, not "false"'],
    [{ flag: 0 }, 'flag must be true or false, not 0'],
    [{ flag: null }, 'flag must be true or false, not null'],
    [{ texts: 'A.TEST' }, 'texts must be a list of texts, not "A.TEST"'],
    [{ texts: ['A.TEST', 5] }, 'texts must be a list of texts, not a list'],
    [{ call: true }, 'call must be a function, not true'],
    [{ call: {} }, 'call must be a function, not a value of type object'],
  ])('is refused where it is another kind of thing: %j', (options, message) => {
    expect(closeKinds(options)).toThrow(`negotiate: ${message}`)
  })

  test('is taken where it is one', () => {
    const call = (): void => {}
    const options = { flag: false, texts: [], call, any: 'false' }
    expect(closeKinds(options)()).toEqual(options)
    expect(closeKinds({ flag: undefined, texts: undefined, call: undefined })()).toEqual({})
  })
})

describe('the copy', () => {
  test('does not change with the original', () => {
    const options = { realms: ['A.TEST'], domains: { A: 'A.TEST' }, delegation: { allow: ['HTTP/a'] } }
    const copy = close(options)
    options.realms.push('EVIL.TEST')
    options.domains.A = 'EVIL.TEST'
    options.delegation.allow[0] = 'HTTP/*'
    expect(copy).toEqual({ realms: ['A.TEST'], domains: { A: 'A.TEST' }, delegation: { allow: ['HTTP/a'] } })
  })

  test('is frozen through and through', () => {
    const copy = close({ realms: [], domains: {}, delegation: { allow: [] }, session: { keys: [] } })
    const { session } = copy
    const parts: unknown[] = [copy, copy.realms, copy.domains, copy.delegation, copy.delegation?.allow, session]
    if (typeof session === 'object') parts.push(session.keys)
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true))
  })

  test('takes nothing from a polluted Object.prototype', () => {
    const polluted: object = Object.prototype
    Object.assign(polluted, { requirePac: false, protocolTransition: true, EVIL: 'EVIL.TEST' })
    try {
      const copy = close({ delegation: {}, domains: {} })
      expect(copy.requirePac).toBeUndefined()
      expect(copy.delegation?.protocolTransition).toBeUndefined()
      expect(copy.domains?.EVIL).toBeUndefined()
      expect(Reflect.get(NO_OPTIONS, 'requirePac')).toBeUndefined()
    } finally {
      for (const name of ['requirePac', 'protocolTransition', 'EVIL']) Reflect.deleteProperty(polluted, name)
    }
  })

  test('finds no name of Object in a map', () => {
    expect(close({ domains: {} }).domains?.constructor).toBeUndefined()
  })

  test('has what a class, its getters and defaults by prototype say', () => {
    class Site {
      readonly #host = 'web'
      readonly requirePac = true
      get keytab(): string {
        return `${this.#host}.keytab`
      }
    }
    expect(close(new Site())).toEqual({ keytab: 'web.keytab', requirePac: true })
    expect(close(Object.create({ keytab: 'a', requirePac: true }, { keytab: { value: 'b' } }))).toEqual({
      keytab: 'b',
      requirePac: true,
    })
  })

  test('leaves out what is undefined, and is nothing for no options', () => {
    expect(Object.keys(close({ keytab: undefined }))).toEqual([])
    expect(Object.keys(close(undefined))).toEqual([])
  })
})

test('what is given with each call is refused in the same words', () => {
  const table = { signal: 'value', fresh: 'value' } as const
  const check = (options: object) => () => requireKnownOptions<object>('ticketFor', options, table)
  expect(check({ fresh: true })).not.toThrow()
  expect(check({ refresh: true })).toThrow('ticketFor: "refresh" is not an option; did you mean "fresh"?')
})

test('another takes of the options those that are its own', () => {
  expect(pickOptions<{ keytab?: string }>({ keytab: 'a', ...{ other: 1 } }, { keytab: 'value' })).toEqual({
    keytab: 'a',
  })
})

describe('what is given with a call', () => {
  const ASKED = { fresh: 'flag', signal: 'value' } as const
  const asked = (options: unknown): object => requireKnownOptions('ask', options as object, ASKED as never)

  test('is taken as it is, without a copy', () => {
    const options = { fresh: true }
    expect(asked(options)).toBe(options)
    const defaults: object = Object.create(options)
    expect(asked(defaults)).toBe(defaults)
    expect(asked(undefined)).toEqual({})
    expect(asked(null)).toEqual({})
  })

  test.each([[{ frsh: true }], [[]], ['fresh'], [{ fresh: 'false' }], [{ fresh: 0 }], [{ fresh: null }]])(
    'is refused as other options are: %j',
    (options) => {
      expect(() => asked(options)).toThrow(ConfigurationError)
    },
  )

  test('has nothing of Object.prototype', () => {
    const prototype: object = Object.prototype
    Object.assign(prototype, { fresh: true })
    try {
      for (const options of [undefined, {}, { signal: 5 }]) expect(Reflect.get(asked(options), 'fresh')).toBeUndefined()
      expect(asked({ signal: 5 })).toEqual({ signal: 5 })
    } finally {
      Reflect.deleteProperty(prototype, 'fresh')
    }
  })
})
