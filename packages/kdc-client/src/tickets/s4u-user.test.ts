import { ConfigurationError, MalformedTokenError, NameType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { nameOfUser, parseUser, readSubject } from './s4u-user.js'

describe('a user as people write it', () => {
  test.each([
    ['bob', ['bob'], NameType.PRINCIPAL, 'AD.TEST'],
    ['bob@AD.TEST', ['bob'], NameType.PRINCIPAL, 'AD.TEST'],
    ['bob@ad.test', ['bob'], NameType.PRINCIPAL, 'AD.TEST'],
    ['AD\\bob', ['bob'], NameType.PRINCIPAL, 'AD.TEST'],
    ['ad\\bob', ['bob'], NameType.PRINCIPAL, 'AD.TEST'],
    ['bob.builder@corp.example', ['bob.builder@corp.example'], NameType.ENTERPRISE, 'AD.TEST'],
    ['bob.builder@corp.example@AD.TEST', ['bob.builder@corp.example'], NameType.ENTERPRISE, 'AD.TEST'],
    ['CONTOSO\\bob', ['bob@CONTOSO'], NameType.ENTERPRISE, 'AD.TEST'],
  ])('%s', (text, nameString, nameType, realm) => {
    expect(parseUser(text, 'AD.TEST')).toEqual({ name: { nameType, nameString }, realm })
  })

  test('the NetBIOS name of a domain may be configured, also against the own one', () => {
    const domains = { CONTOSO: 'PARTNER.TEST', AD: 'OTHER.TEST' }
    expect(parseUser('contoso\\bob', 'AD.TEST', domains).name.nameString).toEqual(['bob@PARTNER.TEST'])
    expect(parseUser('AD\\bob', 'AD.TEST', domains).name.nameString).toEqual(['bob@OTHER.TEST'])
  })

  test.each(['', 'AD\\', 'a\\x'.repeat(2)])('%j is refused', (text) => {
    expect(() => parseUser(text, 'AD.TEST')).toThrow(MalformedTokenError)
  })

  test('a certificate must be one', async () => {
    await expect(readSubject({ certificate: new Uint8Array(0) }, 'AD.TEST')).rejects.toThrow(ConfigurationError)
    await expect(readSubject({ certificate: Uint8Array.of(1) }, 'AD.TEST')).rejects.toThrow(MalformedTokenError)
  })

  test('has a name for messages', async () => {
    expect(nameOfUser(await readSubject('bob', 'AD.TEST'), 'AD.TEST')).toBe('bob@AD.TEST')
    const certificate = Uint8Array.of(1)
    expect(nameOfUser({ certificate }, 'AD.TEST')).toBe('the owner of the certificate')
    expect(nameOfUser({ certificate, upn: 'bob@ad.test' }, 'AD.TEST')).toBe('bob@AD.TEST')
    expect(nameOfUser({ certificate, upn: 'bob@corp.example' }, 'AD.TEST')).toBe('bob@corp.example@AD.TEST')
  })
})
