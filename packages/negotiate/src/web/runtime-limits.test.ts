import { expect, test } from 'vitest'
import { checkNetwork, checkProtect, checkServers } from './runtime-limits.js'

const CERTIFICATE = '-----BEGIN CERTIFICATE-----'
const refusal = (message: string, hint: string) =>
  expect.objectContaining({
    name: 'ConfigurationError',
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    message,
    hint: expect.stringContaining(hint),
  })

test('on Bun a required channel binding needs the certificate as an option', () => {
  expect(() => checkServers({ channelBinding: 'require' }, 'Bun')).toThrow(
    refusal(
      "channelBinding: 'require' without tlsCertificate is not possible on Bun: its servers do not tell which certificate a connection has",
      'as tlsCertificate',
    ),
  )
  for (const options of [{ channelBinding: 'require', tlsCertificate: CERTIFICATE }, { channelBinding: 'allow' }, {}])
    expect(() => checkServers(options, 'Bun')).not.toThrow('not possible')
})

test.each(['Node', 'Deno', undefined] as const)('on %s a server may know its certificate', (runtime) => {
  expect(() => checkServers({ channelBinding: 'require' }, runtime)).not.toThrow('not possible')
})

test.each(['Bun', 'Deno'] as const)('protect on %s knows no connection', (runtime) => {
  const lacks = `is not possible on ${runtime}: ${runtime}.serve tells no connection`
  for (const session of ['connection', { kind: 'connection' }] as const)
    expect(() => checkProtect({ session }, runtime)).toThrow(
      refusal(`protect with session: 'connection' ${lacks}`, "session: { kind: 'cookie' }"),
    )
  expect(() => checkProtect({ channelBinding: 'require' }, runtime)).toThrow(
    refusal(`channelBinding: 'require' without tlsCertificate ${lacks}`, 'as tlsCertificate'),
  )
  for (const options of [
    { session: 'cookie' as const },
    { session: false as const },
    { channelBinding: 'require', tlsCertificate: CERTIFICATE },
  ])
    expect(() => checkProtect(options, runtime)).not.toThrow('not possible')
})

test.each([
  ['delegation', { delegation: {} }],
  ['directory', { directory: true }],
  ['kdc', { kdc: '127.0.0.1:88' }],
  ['impersonateCallerForAllOperations', { impersonateCallerForAllOperations: true }],
  ["outsideImpersonation: 'service'", { outsideImpersonation: 'service' }],
] as const)('on workerd nothing asks a KDC: %s', (name, options) => {
  const reason = 'a worker cannot keep the connections of users apart, nor ask a KDC by UDP'
  expect(() => checkNetwork(options, 'workerd')).toThrow(
    refusal(`${name} is not possible on workerd: ${reason}`, 'Leave the option out'),
  )
  for (const runtime of ['Node', 'Bun', 'Deno', undefined] as const)
    expect(() => checkNetwork(options, runtime)).not.toThrow('not possible')
})

test('on workerd callers sign in, and no connection is known', () => {
  const options = {
    impersonateCallerForAllOperations: false,
    outsideImpersonation: 'nobody',
    session: 'cookie',
  } as const
  expect(() => checkNetwork(options, 'workerd')).not.toThrow('not possible')
  expect(() => checkServers({ channelBinding: 'require' }, 'workerd')).toThrow(
    refusal(
      "channelBinding: 'require' without tlsCertificate is not possible on workerd: its servers do not tell which certificate a connection has",
      'as tlsCertificate',
    ),
  )
  expect(() => checkProtect({ session: 'connection' }, 'workerd')).toThrow(
    refusal(
      "protect with session: 'connection' is not possible on workerd: a worker is told no connection",
      "session: { kind: 'cookie' }",
    ),
  )
})

test('protect on Node may be given the socket of a request', () => {
  const options = { session: 'connection', channelBinding: 'require' } as const
  expect(() => checkProtect(options, 'Node')).not.toThrow('not possible')
})
