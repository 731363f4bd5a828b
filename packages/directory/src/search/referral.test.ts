import { expect, test } from 'vitest'
import { dnOfReference } from './referral.js'

test.each([
  ['ldap://dc2.corp.test/CN=Configuration,DC=corp,DC=test', 'CN=Configuration,DC=corp,DC=test'],
  ['LDAPS://dc2:636/DC=a%20b,DC=test??sub?(cn=*)', 'DC=a b,DC=test'],
  ['ldap:///DC=corp,DC=test', 'DC=corp,DC=test'],
  ['ldap://dc2.corp.test', undefined],
  ['ldap://dc2.corp.test/', undefined],
  ['ldap://dc2.corp.test/%zz', undefined],
  ['http://dc2.corp.test/DC=corp', undefined],
  ['', undefined],
])('%s', (uri, dn) => {
  expect(dnOfReference(uri)).toBe(dn)
})
