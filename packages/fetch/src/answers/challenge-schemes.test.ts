import { expect, test } from 'vitest'
import { challengeSchemes, offersNegotiate } from './challenge-schemes.js'

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

test.each([
  ['nEGOTIATE', true],
  ['Basic realm="Negotiate", Negotiate', true],
  [['Basic', 'Negotiate YII='], true],
  ['Basic realm="x, Negotiate"', false],
  ['NegotiateX', false],
  ['Negotiate="x"', false],
  [undefined, false],
  [[], false],
])('whether %j offers Negotiate: %s', (header, offers) => expect(offersNegotiate(header)).toBe(offers))

test.each([
  [' \tBasic \t, \tDigest a=b', ['Basic', 'Digest']],
  ['Basic,Basic,Digest', ['Basic', 'Digest']],
  ["!#$%&'*+.^_`|~09AZaz-", ["!#$%&'*+.^_`|~09AZaz-"]],
  ['Basic =x', []],
  ['Basic \t=x', []],
  ['Basic\ta', ['Basic']],
  ['(Basic)', []],
  ['a=b, c = d, Negotiate', ['Negotiate']],
  ['Basic realm="a" , x="b", Digest', ['Basic', 'Digest']],
  ['"quoted", Basic', ['Basic']],
  ['Basic realm="a\\"b, Digest", NTLM', ['Basic', 'NTLM']],
  ['Basic realm="a", b="', ['Basic']],
  ['Basic realm="', ['Basic']],
  ['"', []],
  ['Basic"x" y', []],
])('in %j are the schemes %j', (header, schemes) => expect(challengeSchemes(header)).toEqual(schemes))
