import { expect, test } from 'vitest'
import { checkRuntime } from './runtime-options.js'

const refusal = (message: string) =>
  expect.objectContaining({ code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', message: expect.stringContaining(message) })

test('refuses sessions of connections where the runtime tells no connection', () => {
  const message = "session: 'connection' is not possible on"
  expect(() => checkRuntime({ session: 'connection' }, 'Bun')).toThrow(refusal(`${message} Bun: Bun.serve tells no`))
  expect(() => checkRuntime({ session: { kind: 'connection' } }, 'Deno')).toThrow(
    refusal(`${message} Deno: Deno.serve`),
  )
  expect(() => checkRuntime({ session: 'connection' }, 'workerd')).toThrow(
    refusal(`${message} workerd: a worker is told no connection`),
  )
})

test('refuses required channel bindings there without the certificate', () => {
  const options = { channelBinding: 'require' } as const
  expect(() => checkRuntime(options, 'Bun')).toThrow(
    refusal("channelBinding: 'require' without tlsCertificate is not possible on Bun: Bun.serve tells no connection"),
  )
  expect(() => checkRuntime({ ...options, tlsCertificate: 'PEM' }, 'Bun')).not.toThrow('channelBinding')
})

test('refuses nothing else, and nothing on Node', () => {
  expect(() => checkRuntime({ session: 'cookie', channelBinding: 'allow' }, 'Deno')).not.toThrow('session')
  expect(() => checkRuntime({ session: 'connection', channelBinding: 'require' })).not.toThrow('session')
  expect(() => checkRuntime({ session: 'connection', channelBinding: 'require' }, undefined)).not.toThrow('session')
})
