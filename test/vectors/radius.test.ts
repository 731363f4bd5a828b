import { expect, test } from 'vitest'
import { responseAuthenticatorOf } from '../../packages/sign-in/src/radius/authenticators.js'
import { papAttributes } from '../../packages/sign-in/src/radius/hidden-password.js'
import {
  decodeRadiusPacket,
  encodeRadiusPacket,
  RadiusAttributeType,
} from '../../packages/sign-in/src/radius/radius-packet.js'
import { octets, Vectors } from './vectors.js'

const vectors = new Vectors('radius-vectors.json')

vectors.each('radius-packets', (vector) => {
  const packet = octets(vector, 'packet')
  expect(encodeRadiusPacket(decodeRadiusPacket(packet))).toEqual(packet)
})

vectors.each('radius-user-password', (vector) => {
  const [password, authenticator, secret] = ['password', 'authenticator', 'secret'].map((name) => octets(vector, name))
  const value = octets(vector, 'hidden')
  expect(papAttributes(password, authenticator, secret)).toEqual([{ type: RadiusAttributeType.userPassword, value }])
})

vectors.each('radius-response-authenticator', (vector) => {
  const answer = decodeRadiusPacket(octets(vector, 'answer'))
  const authenticator = responseAuthenticatorOf(
    answer,
    octets(vector, 'requestAuthenticator'),
    octets(vector, 'secret'),
  )
  expect(Uint8Array.from(authenticator)).toEqual(answer.authenticator)
})

test('every group is read', () => {
  expect(vectors.unread).toEqual([])
})
