import { expect, test } from 'vitest'
import { GATEWAY_OPTIONS } from './gateway-options.js'
import { gatewaySchema } from './json-schema.js'

const at = (...path: string[]): unknown =>
  path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    gatewaySchema(),
  )

test('the schema has every option, with its sentence', () => {
  expect(Object.keys(at('properties') as object)).toEqual(Object.keys(GATEWAY_OPTIONS.fields))
  expect(at('properties', 'session', 'properties', 'maxAge')).toEqual({
    description: 'How long a session lasts at most; it never outlives its ticket',
    default: 28_800_000,
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'string', pattern: '^\\d{1,12} ?(ms|s|m|h|d)$' },
    ],
  })
  expect(at('required')).toEqual(['listeners', 'sites'])
})

test('the schema takes one value where a list of one is meant', () => {
  expect(at('properties', 'sites', 'anyOf', '1')).toMatchObject({ type: 'array', minItems: 1 })
  expect(at('properties', 'sites', 'anyOf', '0', 'properties', 'hosts', 'anyOf', '0')).toMatchObject({ type: 'string' })
})

test('the schema offers a secret only by its place', () => {
  expect(at('properties', 'session', 'properties', 'keys', 'anyOf', '0', 'anyOf')).toEqual([
    {
      type: 'object',
      properties: { env: { type: 'string', minLength: 1 } },
      required: ['env'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { file: { type: 'string', minLength: 1 } },
      required: ['file'],
      additionalProperties: false,
    },
  ])
})

test('the schema has nothing that only a program can give', () => {
  expect(at('properties', 'kerberos', 'properties', 'negotiator')).toBeUndefined()
})
