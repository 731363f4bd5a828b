import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { Keytab } from './keytab.js'
import { parsePrincipal } from '../names/principal.js'

const keytab = new Keytab([
  { principal: parsePrincipal('svc-web@AD.TEST'), kvno: 1, key: Key.random(18), timestamp: 0 },
])
const base64 = (octets: Uint8Array | string): string => Buffer.from(octets).toString('base64')
const twice = base64(base64(keytab.encode()))

describe('a keytab in base64', () => {
  test('that was encoded once more is told so, as a text and as a file', () => {
    const told = {
      ...{ name: 'ConfigurationError', code: 'KRB5_KT_FORMAT' },
      hint: expect.stringMatching(/^Encode it once, or decode it once here: base64 -d\. .*Kubernetes/),
    }
    const asText = 'the keytab in base64 is a keytab in base64, and in base64 once more'
    expect(thrownBy(() => Keytab.fromBase64(twice))).toMatchObject({ ...told, message: asText })
    expect(thrownBy(() => Keytab.fromBase64(twice.replace(/.{64}/g, '$&\n')))).toMatchObject(told)
    const octets = new TextEncoder().encode(`${twice}\n`)
    const asFile = 'web.keytab is a keytab in base64, and in base64 once more'
    expect(thrownBy(() => Keytab.decode(octets, 'web.keytab'))).toMatchObject({ ...told, message: asFile })
  })

  test('is not taken for one that was encoded twice', () => {
    expect(Keytab.fromBase64(base64(keytab.encode()))?.principals).toEqual(['svc-web@AD.TEST'])
  })

  test.each(['QlFJ', 'QlFJ/etc/krb5.keytab', '/etc/QlFJBQI.keytab'])('is not what the path %s is', (path) => {
    expect(Keytab.fromBase64(path)).toBeUndefined()
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
