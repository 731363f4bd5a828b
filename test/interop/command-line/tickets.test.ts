import { existsSync, readFileSync, statSync } from 'node:fs'
import { decodeCcache, formatPrincipal } from '@s4u/krb5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Place, placeWithRealm } from './realm.js'
import { s4u, s4uJson, s4uOk } from './s4u-process.js'
import { atTerminal, hasTerminal } from './terminal.js'

let place: Place
beforeAll(async () => {
  place = await placeWithRealm()
})
afterAll(() => place[Symbol.asyncDispose]())

const clientsIn = (cache: string) => {
  const { principal, credentials } = decodeCcache(readFileSync(place.at(cache)))
  return { principal: formatPrincipal(principal), services: credentials.map(({ server }) => formatPrincipal(server)) }
}

describe('s4u kinit', () => {
  test('signs in with the first line of its input, and writes a cache for this user alone', async () => {
    const ended = await s4u(['kinit', 'alice'], place.as('kinit', { input: 'wonderland\n' }))
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^alice@AD\.TEST has a ticket until \d{4}-\d\d-\d\d [\d:]{8}, in FILE:\S+kinit\n$/)
    expect(clientsIn('kinit')).toEqual({ principal: 'alice@AD.TEST', services: ['krbtgt/AD.TEST@AD.TEST'] })
    expect(statSync(place.at('kinit')).mode & 0o777).toBe(0o600)
  })

  test('says what the KDC says of a wrong password, and writes no cache', async () => {
    const ended = await s4u(['kinit', 'alice'], place.as('wrong', { input: 'Wonderland!\n' }))
    expect(ended).toMatchObject({ status: 1, stdout: '' })
    expect(ended.stderr).toContain('s4u kinit: AS: sign-in of alice@AD.TEST: KDC_ERR_PREAUTH_FAILED')
    expect(ended.stderr).not.toContain('Wonderland!')
    expect(existsSync(place.at('wrong'))).toBe(false)
  })

  test('signs in as the account of a keytab, which the document of --json tells', async () => {
    const document = await s4uJson(['kinit', '-k', '-t', place.at('svc-web.keytab')], place.as('keytab'))
    expect(document).toMatchObject({
      cache: `FILE:${place.at('keytab')}`,
      principal: 'svc-web@AD.TEST',
      ticket: { service: 'krbtgt/AD.TEST@AD.TEST', flags: expect.arrayContaining(['forwardable', 'initial']) },
    })
  })

  test('takes the default keytab with -k alone', async () => {
    const { environment } = place.as('default-keytab')
    const options = { environment: { ...environment, KRB5_KTNAME: `FILE:${place.at('svc-api.keytab')}` } }
    expect((await s4uJson(['kinit', '-k'], options))['principal']).toBe('svc-api@AD.TEST')
  })

  test('asks for a ticket that cannot be forwarded with -F', async () => {
    const document = await s4uJson(['kinit', '-F', 'alice'], place.as('fixed', { input: 'wonderland' }))
    expect(document).toMatchObject({ ticket: { flags: expect.not.arrayContaining(['forwardable']) } })
  })

  test('says that it was given no password', async () => {
    const ended = await s4u(['kinit', 'alice'], place.as('none'))
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('a password was expected on the standard input, which has ended')
  })

  test.each([
    [['--otp', 'alice'], '--otp needs armor'],
    [['-f', '-F', 'alice'], '-f and -F exclude each other'],
  ])('refuses %j', async (args, message) => {
    const ended = await s4u(['kinit', ...args], place.as('refused', { input: 'wonderland\n' }))
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(message)
  })

  test('is 3 for the shell where no KDC answers', async () => {
    const args = ['kinit', '--kdc', '127.0.0.1:9', 'alice@AD.TEST']
    const ended = await s4u(args, place.as('nobody', { input: 'wonderland\n' }))
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('KRB5_KDC_UNREACH')
  })
})

describe.runIf(hasTerminal)('at a terminal, s4u kinit', () => {
  const environment = () => ({
    KRB5_CONFIG: place.at('krb5.conf'),
    KRB5CCNAME: `FILE:${place.at('typed')}`,
    NO_COLOR: '1',
  })

  test('asks for the password and shows nothing of it', async () => {
    const seen = await atTerminal(['kinit', 'alice'], environment(), [['Password for alice@AD.TEST: ', 'wonderland\r']])
    expect(seen.status).toBe(0)
    expect(seen.screen).toMatch(/^Password for alice@AD\.TEST: \r\nalice@AD\.TEST has a ticket until /)
    expect(seen.screen).not.toContain('wonder')
  })

  test('takes corrections while it is typed', async () => {
    const typed = 'nonsense\u{15}wonderlant\u{7f}d\u{1b}[D\r'
    const seen = await atTerminal(['kinit', 'alice'], environment(), [['Password for alice@AD.TEST: ', typed]])
    expect(seen.status).toBe(0)
  })

  test('ends with Ctrl-C, and leaves the terminal as it was', async () => {
    const seen = await atTerminal(['kinit', 'alice'], environment(), [['Password for alice@AD.TEST: ', 'won\u{3}']])
    expect(seen).toEqual({ status: 130, screen: 'Password for alice@AD.TEST: \r\n' })
  })

  test('lets a user whose password has expired choose a new one, and signs in with it', async () => {
    const seen = await atTerminal(['kinit', 'frank'], environment(), [
      ['Password for frank@AD.TEST: ', 'old-frank\r'],
      ['New password: ', 'n3w-frank\r'],
      ['New password again: ', 'n3w-frank\r'],
    ])
    expect(seen.screen).toContain('The password has expired and must be changed now.')
    expect(seen.screen).toContain('frank@AD.TEST has a ticket until ')
    expect(seen.screen).not.toContain('n3w')
    expect(seen.status).toBe(0)
  })
})

describe('s4u klist', () => {
  beforeAll(async () => {
    await s4uOk(['kinit', 'alice'], place.as('klist', { input: 'wonderland\n' }))
    await s4uOk(['kvno', 'HTTP/web.ad.test'], place.as('klist'))
  })

  test('shows whose tickets there are, until when', async () => {
    const { stdout } = await s4uOk(['klist'], place.as('klist'))
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
    expect(stdout.split('\n')).toEqual([
      `Cache      FILE:${place.at('klist')}`,
      'Principal  alice@AD.TEST',
      '',
      'Valid from           Until                Service',
      expect.stringMatching(new RegExp(`^${time}  ${time}  krbtgt/AD\\.TEST@AD\\.TEST$`)),
      expect.stringMatching(new RegExp(`^ {4}renewable until ${time}$`)),
      expect.stringMatching(new RegExp(`^${time}  ${time}  HTTP/web\\.ad\\.test@AD\\.TEST$`)),
      '',
    ])
  })

  test('shows encryption types with -e and flags with -f', async () => {
    const { stdout } = await s4uOk(['klist', '-e', '-f'], place.as('klist'))
    expect(stdout).toContain('    flags FRIA (forwardable, renewable, initial, pre-authent, enc-pa-rep)\n')
    expect(stdout).toContain('    session key aes256-cts-hmac-sha1-96, ticket aes256-cts-hmac-sha1-96\n')
  })

  test('shows session keys with --show-secrets alone', async () => {
    const { credentials } = decodeCcache(readFileSync(place.at('klist')))
    const keys = credentials.map(({ key }) => Buffer.from(key.exposeSecretBytes()).toString('hex'))
    const outputs = await Promise.all([
      s4uOk(['klist', '-e', '-f'], place.as('klist')),
      s4uOk(['klist', '--json'], place.as('klist')),
      s4uOk(['klist', '--show-secrets'], place.as('klist')),
      s4uOk(['klist', '--show-secrets', '--json'], place.as('klist')),
    ])
    const shown = outputs.map(({ stdout }) => keys.filter((key) => stdout.includes(key)).length)
    expect(shown).toEqual([0, 0, keys.length, keys.length])
  })

  test('says nothing with -s, and tells the shell', async () => {
    const quiet = { stdout: '', stderr: '' }
    expect(await s4u(['klist', '-s'], place.as('klist'))).toEqual({ status: 0, ...quiet })
    expect(await s4u(['klist', '-s'], place.as('absent'))).toEqual({ status: 1, ...quiet })
  })

  test('says what is missing where there is no cache', async () => {
    const ended = await s4u(['klist'], place.as('absent'))
    expect(ended).toMatchObject({ status: 1, stdout: '' })
    expect(ended.stderr).toContain('KRB5_FCC_NOFILE')
    expect(await s4uJson(['klist'], place.as('absent'))).toMatchObject({ error: { code: 'KRB5_FCC_NOFILE' } })
  })

  test('lists all caches of a folder', async () => {
    const { environment } = place.as('x', {})
    const { mkdirSync } = await import('node:fs')
    mkdirSync(place.at('all'), { mode: 0o700 })
    const options = { environment: { ...environment, KRB5CCNAME: `DIR:${place.at('all')}` } }
    await s4uOk(['kinit', 'alice'], { ...options, input: 'wonderland\n' })
    await s4uOk(['kinit', 'bob'], { ...options, input: 'builder\n' })
    const { caches } = await s4uJson(['klist', '-l'], options)
    expect(caches).toEqual([
      { principal: 'bob@AD.TEST', name: expect.stringContaining('DIR::') },
      { principal: 'alice@AD.TEST', name: expect.stringContaining('DIR::') },
    ])
    const everything = await s4uJson(['klist', '-A'], options)
    expect(everything['caches']).toHaveLength(2)
    expect(await s4uJson(['kdestroy', '-A'], options)).toMatchObject({
      removed: [expect.any(String), expect.any(String)],
    })
  })

  test('shows the keys of a keytab, and their octets with --show-secrets alone', async () => {
    const path = place.at('svc-web.keytab')
    const { stdout } = await s4uOk(['klist', '-k', '-e', path], place.as('x'))
    expect(stdout).toContain(`Keytab  ${path}\n\nVersion  Encryption               Principal\n`)
    expect(stdout).toContain('      2  aes256-cts-hmac-sha1-96  svc-web@AD.TEST\n')
    const [entry] = place.realm.keytabFor('svc-web').entries
    const key = Buffer.from(entry.key.exposeSecretBytes()).toString('hex')
    expect(stdout).not.toContain(key)
    const secret = await s4uOk(['klist', '-k', '--show-secrets', path], place.as('x'))
    expect(secret.stdout).toContain(key)
  })
})

describe('s4u kvno', () => {
  beforeAll(() => s4uOk(['kinit', 'alice'], place.as('kvno', { input: 'wonderland\n' })))

  test('gets tickets, keeps them in the cache, and shows the versions of their keys', async () => {
    const document = await s4uJson(['kvno', 'HTTP/web.ad.test', 'HTTP/api.ad.test'], place.as('kvno'))
    expect(document['tickets']).toMatchObject([
      { asked: 'HTTP/web.ad.test', service: 'HTTP/web.ad.test@AD.TEST', client: 'alice@AD.TEST', kvno: 2 },
      { asked: 'HTTP/api.ad.test', service: 'HTTP/api.ad.test@AD.TEST', client: 'alice@AD.TEST', kvno: 2 },
    ])
    expect(clientsIn('kvno').services).toEqual([
      'krbtgt/AD.TEST@AD.TEST',
      'HTTP/web.ad.test@AD.TEST',
      'HTTP/api.ad.test@AD.TEST',
    ])
  })

  test('goes on behind a service that there is not, and is 1 for the shell', async () => {
    const ended = await s4u(['kvno', 'HTTP/nope.ad.test', 'HTTP/web.ad.test'], place.as('kvno'))
    expect(ended.status).toBe(1)
    expect(ended.stdout).toContain('KDC_ERR_S_PRINCIPAL_UNKNOWN')
    expect(ended.stdout).toMatch(/^2 +\S+ \S+ +HTTP\/web\.ad\.test@AD\.TEST$/m)
  })

  test('gets tickets in the name of a user, to itself and to a backend, and keeps neither in the cache', async () => {
    const keytab = place.at('svc-web.keytab')
    const args = ['kvno', '-t', keytab, '--as', 'bob', 'HTTP/web.ad.test', 'HTTP/api.ad.test']
    const document = await s4uJson([...args, '--out-cache', place.at('out')], place.as('kvno'))
    expect(document['tickets']).toMatchObject([
      { step: 'S4U2Self', client: 'bob@AD.TEST', service: 'svc-web@AD.TEST' },
      { step: 'S4U2Proxy', client: 'bob@AD.TEST', service: 'HTTP/api.ad.test@AD.TEST' },
    ])
    expect(clientsIn('out')).toEqual({
      principal: 'bob@AD.TEST',
      services: ['svc-web@AD.TEST', 'HTTP/api.ad.test@AD.TEST'],
    })
    expect(clientsIn('kvno').principal).toBe('alice@AD.TEST')
  })

  test('says with --proxy what the directory does not permit', async () => {
    const args = ['kvno', '-t', place.at('svc-api.keytab'), '--as', 'bob', '--proxy', 'HTTP/web.ad.test']
    const ended = await s4u(args, place.as('kvno'))
    expect(ended.status).toBe(1)
    expect(ended.stdout).toContain('KDC_ERR_BADOPTION')
  })

  test.each([
    [[], 'a service is missing'],
    [['--proxy', 'HTTP/api.ad.test', 'HTTP/web.ad.test'], '--proxy goes with --as'],
    [['-p', 'svc-web', 'HTTP/web.ad.test'], '-p goes with a keytab'],
    [['-c', 'x', '-t', 'y', 'HTTP/web.ad.test'], '-c and a keytab exclude each other'],
  ])('refuses %j', async (args, message) => {
    const ended = await s4u(['kvno', ...args], place.as('kvno'))
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(message)
  })
})

describe('s4u kdestroy', () => {
  test('removes the cache, and takes one that is not there for what was wanted', async () => {
    await s4uOk(['kinit', 'alice'], place.as('gone', { input: 'wonderland\n' }))
    const name = `FILE:${place.at('gone')}`
    expect(await s4uJson(['kdestroy'], place.as('gone'))).toEqual({ removed: [name], absent: [] })
    expect(existsSync(place.at('gone'))).toBe(false)
    expect(await s4uJson(['kdestroy'], place.as('gone'))).toEqual({ removed: [], absent: [name] })
  })
})
