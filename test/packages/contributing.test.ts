import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listFiles, packageNames, root } from './sources.js'

/** CONTRIBUTING.md names nothing that is not there. */

const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
const glossary = readFileSync(join(root, 'docs/glossary.md'), 'utf8')

/** The rows of the table below a heading, as cells. */
function rowsBelow(heading: string): string[][] {
  const [, text] = page.split(`## ${heading}\n`)
  const [, ...rows] = text
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => line.startsWith('| '))
  return rows
    .filter((row) => !row.startsWith('| ---'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

/** The code spans of a text, without its fences. */
const codeIn = (text: string): string[] =>
  [...text.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code)

test('every file and folder that it names exists', () => {
  const named = codeIn(page).filter((code) => /^(?:packages|test|docs|examples|\.ci)\/[\w./-]+$/.test(code))
  expect(named.length).toBeGreaterThan(60)
  // NAME.bench.mjs and PACKAGE.json stand for many.
  expect(named.filter((path) => !/[A-Z]{4}/.test(path) && !existsSync(join(root, path)))).toEqual([])
})

test('the life of a request has ten steps, each in a file', () => {
  const steps = rowsBelow('The life of one request')
  expect(steps.map(([number]) => number)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'])
  expect(steps.filter(([, , file]) => codeIn(file).length !== 1)).toEqual([])
})

describe('where things are', () => {
  const topics = rowsBelow('Where is …?')

  test('is said of twenty topics and more', () => {
    expect(topics.length).toBeGreaterThanOrEqual(20)
  })

  test.each(topics)('%s: the file has what to look for', (_topic, files, names) => {
    const texts = codeIn(files).map((file) => readFileSync(join(root, file), 'utf8'))
    expect(texts.length).toBeGreaterThan(0)
    expect(codeIn(names).filter((name) => !texts.some((text) => text.includes(name)))).toEqual([])
  })
})

describe('the glossary', () => {
  const entries = [...glossary.matchAll(/^\*\*(.+?)\.\*\* (.*)$/gm)].map(([, word, text]) => ({ word, text }))

  test('has the words that newcomers ask for, in alphabetical order', () => {
    const words = entries.map(({ word }) => word)
    const asked = ['SPN', 'Keytab', 'kvno', 'PAC', 'TGT', 'S4U2Self', 'S4U2Proxy', 'RBCD', 'Evidence', 'Forwardable']
    expect(words).toEqual(expect.arrayContaining([...asked, 'Armor', 'Channel binding', 'FAST', 'Realm', 'SID']))
    expect(words).toEqual([...words].sort((a, b) => a.localeCompare(b, 'en')))
  })

  test('explains each in at most two sentences', () => {
    expect(entries.filter(({ text }) => text.split(/(?<=\.) (?=[A-Z])/).length > 2).map(({ word }) => word)).toEqual([])
  })

  test('has every abbreviation that a README or a page of docs uses, but for those of computing in general', () => {
    const pages = [join(root, 'README.md'), ...['docs', 'packages'].flatMap((place) => listFiles(join(root, place)))]
    const prose = pages.filter((path) => path.endsWith('.md')).map((path) => [path, proseOf(path)] as const)
    const unknown = prose.flatMap(([path, text]) =>
      [...new Set(text.match(ABBREVIATION))]
        .filter((word) => !isExplained(word))
        .map((word) => `${path.slice(root.length)}: ${word}`),
    )
    expect(unknown).toEqual([])
  })

  test('is linked from every README', () => {
    const pages = [join(root, 'README.md'), ...packageNames.map((name) => join(root, 'packages', name, 'README.md'))]
    expect(pages.filter((path) => !readFileSync(path, 'utf8').includes('docs/glossary.md'))).toEqual([])
  })
})

/** Two capitals or more, with what belongs to the word: `KDC`, `AP-REQ`, `gMSA`, `S4U2Self`. */
const ABBREVIATION = /(?<![\w-])[A-Za-z0-9]*[A-Z]{2,}[A-Za-z0-9]*(?:-[A-Z]{2,})*(?![\w-])/g

/**
 * What readers of any documentation know, products, names of specifications, and words in capitals.
 */
const GENERAL = new Set(
  `AES API ASCII PDF ASN CI CJS CNAME CNAMEs CORS CPU CSS CVE CommonJS DER DES DNS ES FreeIPA FreeRADIUS GET GETs GraphQL GUID HEAD HMAC HOST
  HAProxy MongoDB CouchDB WebHDFS HttpFS SOAP HTML HTTP HTTPS ID IE IIS IMAP IP IPsec IPv4 IPv6 JSON KB MB MIT NestJS OIDC OPTIONS OpenLDAP OS PEM PIN POST PUT PostgreSQL
  README READMEs RFC RFCs RHEL SHA SIGHUP SMTP SQL SSH TCP TLS UDP URI URL URLs UTC UTF XML AD TS1479 CHANGELOG CONTRIBUTING SECURITY
  NTP ASP MS-DTYP MS-FSCC MS-KILE MS-KKDCP MS-PAC MS-SFU MS-SPNG MS-TDS MS-XCA XChaCha20 macOS OWNER RIGHTS
  SDK OAuth SIEM SSE NT MD5 CS ACL GB ISO OID POSIX SIGINT WHATWG YAML RS256 PS256 ES256 EdDSA ADFS PDU`.split(/\s+/),
)

const isExplained = (word: string): boolean =>
  GENERAL.has(word) || new RegExp(`(?<![\\w-])${word.replace(/s$/, '')}s?(?![\\w-])`).test(glossary)

/** The text of a page without code and addresses. */
const proseOf = (path: string): string =>
  readFileSync(path, 'utf8')
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`|\]\([^)]*\)|<!--[^]*?-->/g, '')

test('the pages of docs are named in README.md or on the first page of the site', () => {
  const pages = listFiles(join(root, 'docs')).map((path) => path.slice(root.length))
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const firstPage = readFileSync(join(root, 'docs/index.md'), 'utf8')
  const isNamed = (path: string): boolean =>
    readme.includes(path) || firstPage.includes(`](${path.slice('docs/'.length)}`)
  const named = pages.filter((path) => !path.startsWith('docs/api/')).concat('docs/api')
  expect(named.filter((path) => /\.md$|^docs\/api$/.test(path) && !isNamed(path))).toEqual([])
})
