import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { type IncludeReader, Krb5Conf, parseKrb5Conf } from './krb5-conf.js'

const conf = (...lines: readonly string[]): Krb5Conf => parseKrb5Conf(lines.join('\n'), { source: '/etc/krb5.conf' })

const refused = (run: () => unknown): ConfigurationError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}

const example = conf(
  'What stands before the first section is a comment, = and { too.',
  '[libdefaults]',
  '  default_realm = AD.TEST',
  '  default_realm = OTHER.TEST',
  '  # a comment',
  '  ; another',
  '  forwardable = on',
  '  rdns = False',
  '  clockskew = 300',
  '  ticket_lifetime = 1d12h',
  '  renew_lifetime = 7d 0h 0m 0s',
  '  title = "a \\"quoted\\"\\ttext" and what follows it',
  '  kdc_timeout = a while # no comment',
  '[realms]',
  '  AD.TEST = {',
  '    kdc = dc1.ad.test',
  '    kdc = tcp/dc2.ad.test:10088',
  '    kdc = udp/[fd00::1]:88',
  '    kdc = https://proxy.ad.test/KdcProxy',
  '    kdc = HTTPS://proxy.ad.test:8443',
  '    auth_to_local_names = {',
  '      alice = al',
  '    }',
  '  }',
  '  ONE.TEST = { kdc = dc.one.test }',
  '  TWO.TEST =',
  '  {',
  '    kdc = dc.two.test',
  '  }',
  '  AD.TEST = {',
  '    kdc = dc3.ad.test',
  '  }',
  '[domain_realm]   # the rest of the line',
  '  .ad.test = AD.TEST',
  '  web.ad.test = WEB.TEST',
  '  two.test = TWO.TEST',
  '  10.0.0.1 = ADDRESS.TEST',
  '  1 = NEVER.TEST',
  '[capaths]',
  '  A.TEST = {',
  '    B.TEST = .',
  '    C.TEST = HUB.TEST',
  '    C.TEST = B.TEST',
  '  }',
)

describe('krb5.conf', () => {
  test('says the default realm: the first that is written', () => {
    expect(example.defaultRealm).toBe('AD.TEST')
    expect(conf('').defaultRealm).toBeUndefined()
  })

  test('says the KDCs of a realm, those of a subsection that is written twice together', () => {
    expect(example.kdcsOf('AD.TEST')).toEqual([
      { host: 'dc1.ad.test', port: 88 },
      { host: 'dc2.ad.test', port: 10_088, protocol: 'tcp' },
      { host: 'fd00::1', port: 88, protocol: 'udp' },
      { host: 'proxy.ad.test', port: 443, protocol: 'https', path: '/KdcProxy' },
      { host: 'proxy.ad.test', port: 8443, protocol: 'https', path: '/' },
      { host: 'dc3.ad.test', port: 88 },
    ])
    expect(example.kdcsOf('NOWHERE.TEST')).toEqual([])
  })

  test('finds nothing in a subsection on one line, as MIT does, and something where the brace is on the next', () => {
    expect(example.kdcsOf('ONE.TEST')).toEqual([])
    expect(example.string('realms', 'ONE.TEST')).toBe('{ kdc = dc.one.test }')
    expect(example.kdcsOf('TWO.TEST')).toEqual([{ host: 'dc.two.test', port: 88 }])
  })

  test.each([
    ['[fe80::1%eth0]:88', { host: 'fe80::1%eth0', port: 88 }],
    ['[fe80::1%2]', { host: 'fe80::1%2', port: 88 }],
    ['tcp/[fe80::1%eth0]:1088', { host: 'fe80::1%eth0', port: 1088, protocol: 'tcp' }],
    ['[kdc1.ad.test]:750', { host: 'kdc1.ad.test', port: 750 }],
    ['kdc1.ad.test:750  # the old one', { host: 'kdc1.ad.test', port: 750 }],
    ['kdc1.ad.test ; the new one', { host: 'kdc1.ad.test', port: 88 }],
    ['88.ad.test', { host: '88.ad.test', port: 88 }],
  ])('reads the KDC %s', (kdc, location) => {
    expect(conf('[realms]', 'R = {', `kdc = ${kdc}`, '}').kdcsOf('R')).toEqual([location])
  })

  test.each([
    '',
    'host:0',
    'host:65536',
    'a b',
    'tcp/',
    'ftp://host',
    'host/path',
    '[::1',
    'https://',
    'tcp/88',
    '[88]',
    '88:88',
    '[fe80::1%]:88',
    '[fe80::1%eth0/1]:88',
    'fe80::1%eth0',
    '[kdc:88]',
  ])('refuses the KDC "%s"', (kdc) => {
    const error = refused(() => conf('[realms]', 'R = {', `kdc = "${kdc}"`, '}').kdcsOf('R'))
    expect(error.code).toBe('KRB5_CONFIG_BADFORMAT')
    expect(error.message).toContain('/etc/krb5.conf, line 3: expected host, host:port,')
  })

  test('refuses a port without a host, as MIT does, and says what is missing', () => {
    const error = refused(() => conf('[realms]', 'R = {', 'kdc = 88', '}').kdcsOf('R'))
    expect(error.message).toMatch(/^\/etc\/krb5.conf, line 3: expected a host before the port: host, .*, found "88"$/)
  })

  test.each([
    ['web.ad.test', 'WEB.TEST'],
    ['WEB.AD.TEST.', 'WEB.TEST'],
    ['api.ad.test', 'AD.TEST'],
    ['a.b.ad.test', 'AD.TEST'],
    ['two.test', 'TWO.TEST'],
    ['host.two.test', 'TWO.TEST'],
    ['10.0.0.1', 'ADDRESS.TEST'],
    ['ad.test', undefined],
    ['10.9.9.1', undefined],
    ['fd00::1', undefined],
    ['', undefined],
  ])('says that %s is in %s', (host, realm) => {
    expect(example.realmOf(host)).toBe(realm)
  })

  test('says which realms lie between two', () => {
    expect(example.capath('A.TEST', 'B.TEST')).toEqual([])
    expect(example.capath('A.TEST', 'C.TEST')).toEqual(['HUB.TEST', 'B.TEST'])
    expect(example.capath('B.TEST', 'A.TEST')).toBeUndefined()
  })

  test('reads booleans, numbers, durations and quotes', () => {
    expect(example.boolean('libdefaults', 'forwardable')).toBe(true)
    expect(example.boolean('libdefaults', 'rdns')).toBe(false)
    expect(example.boolean('libdefaults', 'absent')).toBeUndefined()
    expect(example.integer('libdefaults', 'clockskew')).toBe(300)
    expect(example.duration('libdefaults', 'clockskew')).toBe(300_000)
    expect(example.duration('libdefaults', 'ticket_lifetime')).toBe(36 * 3_600_000)
    expect(example.duration('libdefaults', 'renew_lifetime')).toBe(7 * 86_400_000)
    expect(example.string('libdefaults', 'title')).toBe('a "quoted"\ttext')
    expect(example.string('libdefaults', 'kdc_timeout')).toBe('a while # no comment')
    expect(refused(() => example.boolean('libdefaults', 'title')).message).toContain('line 12: expected yes or no')
    expect(refused(() => example.duration('libdefaults', 'kdc_timeout')).message).toContain(
      'line 13: expected a duration',
    )
    refused(() => example.integer('libdefaults', 'kdc_timeout'))
  })

  test.each([
    ['10:30', 37_800],
    ['10:30:05', 37_805],
    ['1-00:00:01', 86_401],
    ['5m', 300],
    ['1h 5', 3605],
    ['0', 0],
    ['-300', -300],
    ['-5m', -300],
    ['-1d -2h', -93_600],
    ['1d-2h', 79_200],
    ['-5:30', -16_200],
    ['-1-10:30:00', -48_600],
    ['2147483647', 2_147_483_647],
  ])('knows how long %s is', (text, seconds) => {
    expect(conf('[libdefaults]', `x = ${text}`).duration('libdefaults', 'x')).toBe(seconds * 1000)
  })

  test.each(['--5', '- 5', '5-', '5m2h', '1:2:3:4', '2147483648', '-99999d', 'm', '-', '1.5h', '5 minutes'])(
    'takes %s for no duration',
    (text) => {
      expect(refused(() => conf('[libdefaults]', `x = ${text}`).duration('libdefaults', 'x')).message).toContain(
        'line 2: expected a duration',
      )
    },
  )

  test('lists names, each once', () => {
    expect(example.names('realms')).toEqual(['AD.TEST', 'ONE.TEST', 'TWO.TEST'])
    expect(example.string('realms', 'AD.TEST', 'auth_to_local_names', 'alice')).toBe('al')
    expect(example.names()).toEqual(['libdefaults', 'realms', 'domain_realm', 'capaths'])
  })

  test('survives names that objects have', () => {
    expect(conf('[__proto__]', 'constructor = x').string('__proto__', 'constructor')).toBe('x')
    expect(example.string('constructor', 'name')).toBeUndefined()
    expect(example.kdcsOf('__proto__')).toEqual([])
  })

  test('reads Windows line ends and a byte order mark', () => {
    const file = parseKrb5Conf('\ufeff[libdefaults]\r\n default_realm = R\r\n[realms]\r\n R = {\r\n kdc = h\r\n }\r\n')
    expect([file.defaultRealm, file.kdcsOf('R')]).toEqual(['R', [{ host: 'h', port: 88 }]])
  })

  test('reads a last subsection that nobody closed, as MIT does', () => {
    expect(conf('[realms]', 'R = {', 'kdc = h').kdcsOf('R')).toHaveLength(1)
  })

  test.each([
    ['a relation without =', ['[a]', 'b'], 2],
    ['a name with a space', ['[a]', 'b c = d'], 2],
    ['a relation without a name', ['[a]', '= d'], 2],
    ['a section that is not closed', ['[a'], 1],
    ['something after a section', ['[a] b'], 1],
    ['a section in a subsection', ['[a]', 'b = {', '[c]'], 3],
    ['a brace that closes nothing', ['[a]', '}'], 2],
    ['a value on the next line', ['[a]', 'b =', 'c'], 3],
    ['an include without a reader', ['include /x'], 1],
  ])('refuses %s and says where', (_what, lines, line) => {
    const error = refused(() => conf(...lines))
    expect(error.code).toBe('KRB5_CONFIG_BADFORMAT')
    expect(error.message).toMatch(new RegExp(`^/etc/krb5.conf, line ${line}: `))
  })
})

describe('include and includedir', () => {
  const files: Record<string, string> = {
    '/etc/krb5.conf.d/b.conf': '[libdefaults]\n default_realm = B\n',
    '/etc/krb5.conf.d/a': '[libdefaults]\n default_realm = A\n',
    '/etc/krb5.conf.d/.hidden.conf': '}',
    '/etc/krb5.conf.d/c.conf.rpmsave': '}',
    '/bad': '[a]\n}',
    '/self': 'include /self',
    '/twice': 'include /twice\n'.repeat(2),
  }
  const include: IncludeReader = {
    readFile(path) {
      if (path.endsWith('/folder') || path.endsWith('/folder.conf'))
        throw Object.assign(new Error('EISDIR: illegal operation on a directory'), { code: 'EISDIR' })
      if (files[path] === undefined) throw new Error('ENOENT')
      return files[path]
    },
    listFolder: (path) =>
      Object.keys(files)
        .filter((name) => name.startsWith(`${path.replace(/\/$/, '')}/`))
        .map((name) => name.slice(name.lastIndexOf('/') + 1)),
  }
  const parse = (text: string): Krb5Conf => parseKrb5Conf(text, { source: '/etc/krb5.conf', include })

  test('read files in the order of their names, and only those that are configuration', () => {
    const text = 'includedir /etc/krb5.conf.d/\n[libdefaults]\n default_realm = C\n'
    expect(parse(text).strings('libdefaults', 'default_realm')).toEqual(['A', 'B', 'C'])
  })

  test('pass over folders, as kinit does, and nothing else that cannot be read', () => {
    const names = ['folder', 'folder.conf', 'b.conf']
    const reader = { ...include, listFolder: () => names }
    const text = 'include /x/folder\nincludedir /etc/krb5.conf.d\n'
    expect(parseKrb5Conf(text, { source: '/etc/krb5.conf', include: reader }).defaultRealm).toBe('B')
    names.push('gone')
    expect(() => parseKrb5Conf(text, { source: '/etc/krb5.conf', include: reader })).toThrow(
      '/etc/krb5.conf, line 2: cannot read /etc/krb5.conf.d/gone',
    )
  })

  test('stand anywhere, also within a section, which goes on behind them', () => {
    const text = '[libdefaults]\n a = 1\ninclude /etc/krb5.conf.d/a\n b = 2\n'
    const file = parse(text)
    expect([file.string('libdefaults', 'a'), file.defaultRealm, file.string('libdefaults', 'b')]).toEqual([
      '1',
      'A',
      '2',
    ])
  })

  test('say which file is wrong, and which line names a missing one', () => {
    expect(refused(() => parse('include /bad')).message).toMatch(/^\/bad, line 2: /)
    const missing = refused(() => parse('\ninclude /missing'))
    expect(missing.message).toBe('/etc/krb5.conf, line 2: cannot read /missing')
    expect(missing.cause).toBeInstanceOf(Error)
  })

  test.each(['/self', '/twice'])('end, also when %s includes itself', (path) => {
    refused(() => parse(`include ${path}`))
  })
})

describe('several files', () => {
  const second = conf('[libdefaults]', 'default_realm = SECOND', 'x = second', '[realms]', 'R = {', 'kdc = second', '}')
  const merged = (...lines: readonly string[]): Krb5Conf => Krb5Conf.merge([conf(...lines), second])

  test('are asked in order, and repeated relations are those of all', () => {
    const both = merged('[libdefaults]', 'x = first', '[realms]', 'R = {', 'kdc = first', '}')
    expect([both.string('libdefaults', 'x'), both.defaultRealm]).toEqual(['first', 'SECOND'])
    expect(both.kdcsOf('R').map(({ host }) => host)).toEqual(['first', 'second'])
  })

  test('end at a section, a subsection or a relation that is final', () => {
    expect(merged('[libdefaults]*', 'x = first').defaultRealm).toBeUndefined()
    expect(merged('[realms]', 'R = {', 'kdc = first', '}*').kdcsOf('R')).toHaveLength(1)
    expect(merged('[realms]', 'R* = {', 'kdc = first', '}').kdcsOf('R')).toHaveLength(1)
    expect(hosts(merged('[realms]', 'R = {', 'kdc = a', 'kdc* = b', 'kdc = c', '}'))).toEqual(['a', 'b'])
    expect(hosts(merged('[realms]', 'R = {', 'x* = a', '}'))).toEqual(['second'])
  })

  test('end there whatever they are called: one name for both, or a file that one of them includes', () => {
    const nameless = (text: string): Krb5Conf => parseKrb5Conf(text)
    const both = [nameless('[libdefaults]\nx* = 1\n'), nameless('[libdefaults]\nx = 2\ny = 3\n')]
    expect(Krb5Conf.merge(both).strings('libdefaults', 'x')).toEqual(['1'])
    expect(Krb5Conf.merge(both).string('libdefaults', 'y')).toBe('3')
    const include: IncludeReader = { readFile: () => '[libdefaults]\nx* = included\n', listFolder: () => [] }
    const including = parseKrb5Conf('[libdefaults]\nx = before\ninclude /part\nx = behind\n', { include })
    const merged = Krb5Conf.merge([including, nameless('[libdefaults]\nx = other\n')])
    expect(merged.strings('libdefaults', 'x')).toEqual(['before', 'included'])
  })
})

/** The rules of MIT 1.22. Before, a mark counted only for other files. */
describe('what is final', () => {
  test.each([
    ['a section', ['[realms]*', 'R = {', 'kdc = a', '}', '[realms]', 'R = {', 'kdc = b', '}'], ['a']],
    ['a section that goes on', ['[realms]*', 'R = {', 'kdc = a', '}', 'R = {', 'kdc = b', '}'], ['a', 'b']],
    [
      'a section, when it is marked later',
      ['[realms]', 'R = {', 'kdc = a', '}', '[realms]*', 'R = {', 'kdc = b', '}'],
      ['a', 'b'],
    ],
    ['a subsection', ['[realms]', 'R = {', 'kdc = a', '}*', 'R = {', 'kdc = b', '}'], ['a']],
    [
      'a subsection by its name',
      ['[realms]', 'R* = {', 'kdc = a', '}', 'R = {', 'kdc = b', '}', 'R = {', 'kdc = c', '}'],
      ['a'],
    ],
    ['a relation', ['[realms]', 'R = {', 'kdc = a', 'kdc* = b', 'kdc = c', '}', 'R = {', 'kdc = d', '}'], ['a', 'b']],
  ])('in one file: %s', (_what, lines, expected) => {
    expect(hosts(conf(...lines))).toEqual(expected)
  })

  test('takes what is nested in it with it, and what follows is read', () => {
    const file = conf('[a]*', 'x = 1', '[a]', 's = {', 't = {', 'u = 2', '}*', '}', 'y = 3', '[b]', 'z = 4')
    expect([file.names('a'), file.string('b', 'z')]).toEqual([['x'], '4'])
  })

  test('stays so in a file that is included, and from one', () => {
    const include: IncludeReader = {
      readFile: (path) => `[a]${path === '*' ? '*' : ''}\nx = included\n`,
      listFolder: () => [],
    }
    const parse = (text: string): readonly string[] => parseKrb5Conf(text, { include }).strings('a', 'x')
    expect(parse('[a]*\nx = 1\ninclude /\n')).toEqual(['1'])
    expect(parse('include *\n[a]\nx = 2\n')).toEqual(['included'])
  })
})

function hosts(file: Krb5Conf): readonly string[] {
  return file.kdcsOf('R').map(({ host }) => host)
}

describe('the password servers of a realm', () => {
  const of = (...lines: readonly string[]) => conf('[realms]', 'R = {', ...lines, '}').passwordServersOf('R')

  test('are kpasswd_server, at port 464 where none is said', () => {
    expect(of('kpasswd_server = a.test', 'kpasswd_server = tcp/b.test:10464', 'admin_server = c.test')).toEqual([
      { host: 'a.test', port: 464 },
      { host: 'b.test', port: 10_464, protocol: 'tcp' },
    ])
    expect(of('kpasswd_server = https://proxy.test/KdcProxy')).toEqual([
      { host: 'proxy.test', port: 443, protocol: 'https', path: '/KdcProxy' },
    ])
  })

  test('are the hosts of admin_server where there is none, whose ports are another’s', () => {
    expect(of('admin_server = c.test:749', 'admin_server = [fd00::1]')).toEqual([
      { host: 'c.test', port: 464 },
      { host: 'fd00::1', port: 464 },
    ])
    expect(of('kdc = dc.test')).toEqual([])
  })

  test('are refused with file and line where they are none', () => {
    const error = refused(() => of('kpasswd_server = 464'))
    expect(error.message).toContain('/etc/krb5.conf, line 3: expected a host before the port')
  })
})
