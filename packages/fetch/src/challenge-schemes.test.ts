import { expect, test } from 'vitest'
import { challengeSchemes } from './challenge-schemes.js'

test.each([
  [null, []],
  ['', []],
  ['Negotiate', ['Negotiate']],
  ['Negotiate YIIa==', ['Negotiate']],
  ['Basic realm="a, Digest b", charset="UTF-8", Negotiate', ['Basic', 'Negotiate']],
  ['Digest realm="x", nonce="y\\", Bearer", qop=auth , NTLM', ['Digest', 'NTLM']],
  ['Basic realm = "x"', ['Basic']],
  [
    ['Negotiate', 'Basic realm="x"'],
    ['Negotiate', 'Basic'],
  ],
])('%j offers %j', (header, schemes) => {
  expect(challengeSchemes(header)).toEqual(schemes)
})
