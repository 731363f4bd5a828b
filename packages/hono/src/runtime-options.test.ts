import { expect, test } from 'vitest'
import { checkRuntime } from './runtime-options.js'

const BUN = { node: '24.3.0', bun: '1.4.5' }
const DENO = { node: '24.2.0', deno: '2.9.6' }

test('refuses sessions of connections where the runtime tells no connection', () => {
  const message = "session: 'connection' is not possible on"
  expect(() => checkRuntime({ session: 'connection' }, BUN)).toThrow(`${message} Bun`)
  expect(() => checkRuntime({ session: { kind: 'connection' } }, DENO)).toThrow(`${message} Deno`)
})

test('refuses required channel bindings there without the certificate', () => {
  const options = { channelBinding: 'require' } as const
  expect(() => checkRuntime(options, BUN)).toThrow("channelBinding: 'require' is not possible on Bun without")
  expect(() => checkRuntime({ ...options, tlsCertificate: 'PEM' }, BUN)).not.toThrow('channelBinding')
})

test('refuses nothing else, and nothing on Node', () => {
  expect(() => checkRuntime({ session: 'cookie', channelBinding: 'allow' }, DENO)).not.toThrow('session')
  expect(() => checkRuntime({ session: 'connection', channelBinding: 'require' })).not.toThrow('session')
})
