import { expect, test } from 'vitest'
import type { AdviceAbout, CredentialsUsed } from './advice.js'
import { wrongKey } from './wrong-key.js'

const about = (credentials: CredentialsUsed | undefined, principal = 'svc-web@AD.TEST'): AdviceAbout => ({
  ...{ principal, name: 'svc-web', target: 'krbtgt', facts: { credentials } },
  answer: { step: 'AS', account: principal, target: 'krbtgt', errorCode: 24 },
})

test('a wrong password is typed again: no command could help, and those that write keytabs would change it', () => {
  expect(wrongKey(about({ kind: 'password' }, 'alice@AD.TEST'))).toEqual({
    attribute:
      'Wrong password of alice@AD.TEST: type it again. Directories lock an account out after a few wrong ones.',
  })
})

test('a keytab is exported again, to where it is', () => {
  expect(wrongKey(about({ kind: 'keytab', file: '/etc/web.keytab' }))).toEqual({
    attribute: expect.stringMatching(/^Wrong key of svc-web@AD.TEST: \/etc\/web.keytab was exported before/),
    activeDirectory:
      'ktpass -princ svc-web@AD.TEST -mapuser svc-web -crypto AES256-SHA1 -ptype KRB5_NT_PRINCIPAL -pass * -out FILE   # FILE: the keytab',
    samba: 'samba-tool domain exportkeytab /etc/web.keytab --principal=svc-web',
    mit: 'kadmin.local ktadd -norandkey -k /etc/web.keytab svc-web@AD.TEST',
    heimdal: 'kadmin -l ext_keytab -k /etc/web.keytab svc-web@AD.TEST',
    freeIpa: 'ipa-getkeytab -r -k /etc/web.keytab -p svc-web@AD.TEST',
  })
})

test('after two keys of a keytab it is said that the newest is tried once more', () => {
  const { facts, ...rest } = about({ kind: 'keytab' })
  const told = (keysShown: number) => wrongKey({ ...rest, facts: { ...facts, keysShown } }).attribute
  expect(told(2)).toMatch(
    / Two of its keys were refused: if the password of the account was changed at this very moment, ask again after a second, and the newest key is tried once more\.$/,
  )
  expect(told(1)).not.toContain('Two of its keys')
})

test.each(['the keytab in base64', '/etc/my keytab', '-rf', undefined])(
  'what is no path for a command is left open: %s',
  (file) => {
    expect(wrongKey(about({ kind: 'keytab', file })).samba).toBe(
      'samba-tool domain exportkeytab FILE --principal=svc-web   # FILE: the keytab',
    )
  },
)
