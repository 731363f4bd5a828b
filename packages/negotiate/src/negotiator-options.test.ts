import { tlsServerEndPoint } from '@s4u/gssapi'
import { ConfigurationError } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { selfSigned } from '../../../test/stories/fixtures/certificate.js'
import { checkNegotiatorOptions, type NegotiatorOptions } from './negotiator-options.js'
import { configuredBindings } from './http/tls-channel.js'

test('nothing need be said', () => {
  expect(() => checkNegotiatorOptions({})).not.toThrow()
  expect(configuredBindings({})).toEqual([])
})

test.each(['Bearer', 'Basic realm="a b"', 'Digest realm="x", nonce="y"', 'Form'])('%s is a challenge', (value) => {
  expect(() => checkNegotiatorOptions({ otherChallenges: [value] })).not.toThrow()
})

test.each<[string, unknown]>([
  ['a mode that is none', { mode: 'maybe' }],
  ['a challenge over HTTP/2 that is none', { http2Challenge: 'reset' }],
  ['an empty challenge', { otherChallenges: [''] }],
  ['a second header', { otherChallenges: ['Basic realm="x"\r\nX: y'] }],
  ['Negotiate again', { otherChallenges: ['negotiate'] }],
  ['a preflight that is neither', { corsPreflight: 'yes' }],
  ['a target that is none', { delegation: { allow: ['api'] } }],
])('%s is refused', (_what, options) => {
  expect(() => checkNegotiatorOptions(options as NegotiatorOptions)).toThrow(ConfigurationError)
})

test('certificates are read as PEM or DER, one or several', () => {
  const { cert, der } = selfSigned('web.ad.test')
  const binding = tlsServerEndPoint(der)
  for (const tlsCertificate of [cert, der, [cert]]) expect(configuredBindings({ tlsCertificate })).toEqual([binding])
  expect(configuredBindings({ tlsCertificate: [cert, der] })).toEqual([binding, binding])
})

test.each(['/etc/ssl/cert.pem', '', new Uint8Array(20)])('what is no certificate is refused', (tlsCertificate) => {
  expect(() => configuredBindings({ tlsCertificate })).toThrow(ConfigurationError)
})
