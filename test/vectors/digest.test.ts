import { expect, test } from 'vitest'
import { digestResponse, digestSecret } from '../../packages/sign-in/src/digest/digest-arithmetic.js'
import { readDigestCredentials } from '../../packages/sign-in/src/digest/digest-credentials.js'
import { type Vector, Vectors } from './vectors.js'

const vectors = new Vectors('digest-vectors.json')
const given = (vector: Vector, name: string): string => String(vector[name])

vectors.each('digest-responses', (vector) => {
  const credentials = readDigestCredentials(given(vector, 'authorization'))
  const { algorithm, username, realm, response } = credentials
  const secret = digestSecret(algorithm, username, realm, given(vector, 'password'))
  expect(digestResponse(secret, given(vector, 'method'), credentials)).toBe(response)
  expect(response).toBe(vector.response)
})

test('every group is read', () => {
  expect(vectors.unread).toEqual([])
})
