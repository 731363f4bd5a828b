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
  ['Basic realm="", Negotiate, Digest realm="a""b", NTLM', ['Basic', 'Negotiate', 'Digest', 'NTLM']],
  ['Basic realm="a, Negotiate', ['Basic']],
  ['Basic realm="a\\', ['Basic']],
  ['Basic realm="a\\\\", Negotiate', ['Basic', 'Negotiate']],
  [
    ['Negotiate', 'Basic realm="x"'],
    ['Negotiate', 'Basic'],
  ],
])('%j offers %j', (header, schemes) => {
  expect(challengeSchemes(header)).toEqual(schemes)
})
