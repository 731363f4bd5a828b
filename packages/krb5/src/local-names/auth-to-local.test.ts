import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { parseKrb5Conf } from '../configuration/krb5-conf.js'
import { parsePrincipal } from '../names/principal.js'
import { type AuthToLocal, authToLocal, authToLocalOf, defaultLocalName } from './auth-to-local.js'

const OWN = 'CORP.TEST'
const localOf = (principal: string, options: AuthToLocal): string | undefined =>
  authToLocal(options)(parsePrincipal(principal), OWN)

describe('by default', () => {
  test.each([
    ['alice@CORP.TEST', 'alice'],
    ['alice/CORP.TEST@CORP.TEST', 'alice'],
    ['alice/admin@CORP.TEST', undefined],
    ['alice@EVIL.TEST', undefined],
    ['alice/CORP.TEST@EVIL.TEST', undefined],
    ['alice@corp.test', undefined],
    ['alice\\@CORP.TEST@CORP.TEST', undefined],
    ['alice\\/x@CORP.TEST', undefined],
    ['alice\\n@CORP.TEST', undefined],
    ['alice\\u{202e}@CORP.TEST', undefined],
    ['alice@CORP.TEST\\@EVIL.TEST', undefined],
    ['zoë@CORP.TEST', 'zoë'],
    ['web$@CORP.TEST', 'web$'],
  ])('%s is called %s', (principal, local) => {
    expect(defaultLocalName(parsePrincipal(principal), OWN)).toBe(local)
    expect(localOf(principal, {})).toBe(local)
    expect(localOf(principal, { rules: ['DEFAULT'] })).toBe(local)
  })

  test('there is no default once there are rules', () => {
    expect(localOf('alice@CORP.TEST', { rules: ['RULE:[2:$1]'] })).toBeUndefined()
    expect(localOf('alice@CORP.TEST', { rules: [] })).toBeUndefined()
  })
})

/** The example in MIT's documentation of krb5.conf, with the names that MIT's library returned. */
const conf = parseKrb5Conf(`
[realms]
 CORP.TEST = {
  auth_to_local_names = {
    alice = al
    bob@WEST.TEST = bob2
  }
  auth_to_local = RULE:[2:$1](johndoe)s/^.*$/guest/
  auth_to_local = RULE:[2:$1;$2](^.*;admin$)s/;admin$//
  auth_to_local = RULE:[2:$2](^.*;root)s/^.*$/root/
  auth_to_local = RULE:[1:$1@$0](^.*@WEST\\.TEST$)s/@.*$/.west/
  auth_to_local = RULE:[3:$3$1foo]
  auth_to_local = DEFAULT
 }
 OTHER.TEST = {
  auth_to_local = RULE:[1:x$1]
 }
`)

describe('a krb5.conf', () => {
  const mapping = authToLocalOf(conf)
  test.each([
    ['alice@CORP.TEST', 'al'],
    ['dave@CORP.TEST', 'dave'],
    ['carol@WEST.TEST', 'carol.west'],
    ['johndoe/x@CORP.TEST', 'guest'],
    ['al/admin@CORP.TEST', 'al'],
    ['a/b/c@CORP.TEST', 'cafoo'],
    ['x/CORP.TEST@CORP.TEST', 'x'],
    ['dave@EVIL.TEST', undefined],
    ['dave/other@CORP.TEST', undefined],
  ])('makes of %s %s, as MIT’s library does', (principal, local) => {
    expect(mapping(parsePrincipal(principal), OWN)).toBe(local)
  })

  test.each([
    // MIT's library returns al, guest and al.
    ['alice@EVIL.TEST', undefined],
    ['johndoe/x@EVIL.TEST', undefined],
    ['al/admin@EVIL.TEST', undefined],
    // MIT's library returns bob.west, since names of other realms cannot be written there.
    ['bob@WEST.TEST', 'bob2'],
  ])('makes of %s %s, more carefully than MIT’s library', (principal, local) => {
    expect(mapping(parsePrincipal(principal), OWN)).toBe(local)
  })

  test('is asked for the realm of the service, and says nothing of others', () => {
    expect(mapping(parsePrincipal('alice@OTHER.TEST'), 'OTHER.TEST')).toBe('xalice')
    expect(mapping(parsePrincipal('alice@THIRD.TEST'), 'THIRD.TEST')).toBe('alice')
    expect(mapping(parsePrincipal('alice@OTHER.TEST'), 'THIRD.TEST')).toBeUndefined()
  })
})

describe('a rule', () => {
  test.each([
    ['RULE:[1:$1@$0](^.*@CORP\\.TEST$)s/@.*$//', 'alice@CORP.TEST', 'alice'],
    ['RULE:[1:$1@$0](^.*@CORP\\.TEST$)s/@.*$//', 'alice@CORPXTEST', undefined],
    ['RULE:[1:$1](lic)', 'alice@CORP.TEST', undefined],
    ['RULE:[1:$1](.*lic.*)', 'alice@CORP.TEST', 'alice'],
    ['RULE:[1:$1](a|alice|al)', 'alice@CORP.TEST', 'alice'],
    ['RULE:[1:$1]s/l/L/', 'allice@CORP.TEST', 'aLlice'],
    ['RULE:[1:$1]s/l/L/g', 'allice@CORP.TEST', 'aLLice'],
    ['RULE:[1:$1]s/[^a-z]//g s/^/u-/', 'Al1ce@CORP.TEST', 'u-lce'],
    ['RULE:[1:$1]s/(a+)+c/x/', 'aaac@CORP.TEST', 'x'],
    ['RULE:[1:$1]s/.*/guest/g', 'alice@CORP.TEST', 'guest'],
    ['RULE:[1:$1]s/^a//g', 'aaab@CORP.TEST', 'b'],
    ['RULE:[1:$1]s/a/&\\1/', 'alice@CORP.TEST', '&\\1lice'],
    ['RULE:[2:$2.$1]', 'http/web.test@CORP.TEST', 'web.test.http'],
    ['RULE:[1:$01]', 'alice@CORP.TEST', 'alice'],
    ['RULE:[1:fixed]', 'alice@CORP.TEST', 'fixed'],
    ['RULE:', 'alice@CORP.TEST', 'alice'],
    ['RULE:(alice/admin)s/.*/root/', 'alice/admin@CORP.TEST', 'root'],
    ['RULE:[1:$1]s/.*//', 'alice@CORP.TEST', undefined],
    ['RULE:[0:x]', 'alice@CORP.TEST', undefined],
    ['RULE:[1:$1]([[:alpha:]]{5})', 'alice@CORP.TEST', 'alice'],
    ['RULE:[1:$1]([[:alpha:]]{2,4})', 'alice@CORP.TEST', undefined],
    ['RULE:[1:$1]([]a-e^-]+)', 'a-b^c@CORP.TEST', undefined],
    ['RULE:[1:$1](\\w+\\.\\w+)', 'al.ice@CORP.TEST', 'al.ice'],
  ])('%s makes of %s %s', (rule, principal, local) => {
    expect(localOf(principal, { rules: [rule] })).toBe(local)
  })

  test('that does not look at the realm is about the own one alone', () => {
    for (const rule of ['RULE:[1:$1]', 'RULE:', 'RULE:[1:root]', 'RULE:[1:$1](.*)s/.*/root/'])
      expect(localOf('root@EVIL.TEST', { rules: [rule] })).toBeUndefined()
    expect(localOf('root@EVIL.TEST', { rules: ['RULE:[1:$1.$0]'] })).toBe('root.EVIL.TEST')
  })

  /**
   * Characters that rules put between the parts: with them, the owner of a name could decide where
   * it is cut.
   */
  test.each([
    'root\\@CORP.TEST@EVIL.TEST',
    'root\\@CORP.TEST\\@x@EVIL.TEST',
    'root@CORP.TEST\\@EVIL.TEST',
    'root;admin@CORP.TEST',
    'root\\/x@CORP.TEST',
    'ro\\not@CORP.TEST',
    'root\\u{202e}@CORP.TEST',
    'root\\u{0000ad}@CORP.TEST'.replace('0000', ''),
  ])('is not led astray by %s', (principal) => {
    const rules = [
      'RULE:[1:$1@$0](.*@CORP.TEST.*)s/@.*//',
      'RULE:[1:$1;$0]s/;.*//',
      'RULE:[1:$0;$1](.*)s/.*;//',
      'RULE:s/\\\\.*//',
      'DEFAULT',
    ]
    expect(localOf(principal, { rules })).toBeUndefined()
  })

  test.each([
    'RULE:[1:$2]',
    'RULE:[1:$]',
    'RULE:[x:$1]',
    'RULE:[1:$1',
    'RULE:[1:$1](a',
    'RULE:[1:$1](a(b)c)',
    'RULE:[1:$1]s/a/b',
    'RULE:[1:$1]s/a/b/i',
    'RULE:[1:$1]/L',
    'rule:[1:$1]',
    'DB:/etc/x',
    '',
    'RULE:[1:$1]s/[/x/',
    'RULE:[1:$1]s/*a/x/',
    'RULE:[1:$1]s/(a)\\1/x/',
    'RULE:[1:$1]s/a{300}/x/',
    'RULE:[1:$1]s/((a{200}){200}){9}/x/',
    `RULE:[1:$1]s/${'('.repeat(99)}a${')'.repeat(99)}/x/`,
    'RULE:[1:$1]s/[[:nothing:]]/x/',
    'RULE:[1:$1]s/[b-a]/x/',
    'RULE:[1:$1]s/a\\bc/x/',
  ])('%s cannot be read, which is said at once and without the rule', (rule) => {
    expect(() => authToLocal({ rules: ['DEFAULT', rule] })).toThrow(ConfigurationError)
  })

  /** Patterns for which a matcher with backtracking would need longer than the world is old. */
  test.each(['(a+)+$', '(a|a)*b', '(a|aa)+$', '(.*a){20}b', '((a*)*)*b', '(a?){50}a{50}'])(
    's/%s/x/ takes no longer than another, whoever chooses the name',
    (pattern) => {
      const mapping = authToLocal({ rules: [`RULE:[1:$1]s/${pattern}/x/g`] })
      const principal = parsePrincipal(`${'a'.repeat(255)}c@CORP.TEST`)
      const began = performance.now()
      mapping(principal, OWN)
      expect(performance.now() - began).toBeLessThan(5_000)
    },
  )

  test('makes nothing of a name that is too long', () => {
    expect(localOf(`${'a'.repeat(257)}@CORP.TEST`, { rules: ['DEFAULT', 'RULE:[1:$1]'] })).toBeUndefined()
    expect(localOf(`${'a'.repeat(200)}@CORP.TEST`, { rules: ['RULE:[1:$1$1]'] })).toBeUndefined()
    expect(localOf(`${'a'.repeat(200)}@CORP.TEST`, { rules: ['RULE:[1:$1]s/a/aaaaaaaaaa/g'] })).toBeUndefined()
  })
})

test('names go before rules, and those without a realm are of the own one', () => {
  const options = { names: { alice: 'al', 'alice@WEST.TEST': 'al2', 'http/web': 'www' }, rules: ['RULE:[1:$1.$0]'] }
  expect(localOf('alice@CORP.TEST', options)).toBe('al')
  expect(localOf('alice@WEST.TEST', options)).toBe('al2')
  expect(localOf('alice@EVIL.TEST', options)).toBe('alice.EVIL.TEST')
  expect(localOf('http/web@CORP.TEST', options)).toBe('www')
  expect(localOf('http/web@EVIL.TEST', options)).toBeUndefined()
  expect(localOf('toString@CORP.TEST', { names: {}, rules: [] })).toBeUndefined()
  expect(localOf('__proto__@CORP.TEST', { names: {}, rules: [] })).toBeUndefined()
})
