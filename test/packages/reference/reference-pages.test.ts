import { EXIT } from '@s4u/cli'
import { gatewaySchema } from '@s4u/gateway'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS_BY_PATH, commandLinePage } from './command-line-page.js'
import { readSources, root } from '../sources.js'
import { formsIn, proseOf, shapeIn, shapeOf } from './declared-shapes.js'
import { EVENT_SOURCES, eventsPage } from './events-page.js'
import { compatibilityPage } from './compatibility-page.js'
import { gatewayPage } from './gateway-page.js'
import { limitsOf, readLimits } from './limits.js'
import { limitsPage } from './limits-page.js'
import { WINDOWS_EVENTS } from './windows-events.js'

/** Writes the pages, after a change of what they are made of. */
const WRITE = 'npx vitest run --config test/vitest.config.ts test/packages/reference -u'

const page = (name: string): string => join(root, 'docs', `${name}.md`)

describe('docs/limits.md', () => {
  const limits = readLimits()

  test('says what the constants in the sources say', async () => {
    await expect(limitsPage(limits, WRITE)).toMatchFileSnapshot(page('limits'))
  })

  test('has a reason for each limit', () => {
    expect(limits.length).toBeGreaterThan(350)
    expect(limits.filter(({ reason }) => reason === '').map(({ path, name }) => `${path}: ${name}`)).toEqual([])
  })

  test('is read from a constant and the comment above it, with a value that may use others', () => {
    const text =
      '/** A day; milliseconds. */\nexport const KEPT_FOR = 24 * 3_600_000\n' +
      '/**\n * In octets: no message\n * is longer.\n */\nconst MAX_MESSAGE = 1 << 20\nconst MAX_PART = MAX_MESSAGE / 64\n' +
      "const VERSION = 2\nconst MAX_NAMES: readonly string[] = ['a']\nconst MAX_COUNT = 5_000\n" +
      '/** A server that asks nobody answers in milliseconds. */\nconst DEFAULT_CONNECTIONS = 4\n'
    expect(limitsOf({ path: 'a.ts', text })).toEqual([
      { name: 'KEPT_FOR', value: 86_400_000, shown: '1 d', reason: 'A day; milliseconds.', path: 'a.ts', line: 2 },
      {
        ...{ name: 'MAX_MESSAGE', value: 1_048_576, shown: '1 MB' },
        ...{ reason: 'In octets: no message is longer.', path: 'a.ts', line: 7 },
      },
      { name: 'MAX_PART', value: 16_384, shown: '16,384', reason: '', path: 'a.ts', line: 8 },
      { name: 'MAX_COUNT', value: 5_000, shown: '5,000', reason: '', path: 'a.ts', line: 11 },
      {
        ...{ name: 'DEFAULT_CONNECTIONS', value: 4, shown: '4' },
        ...{ reason: 'A server that asks nobody answers in milliseconds.', path: 'a.ts', line: 13 },
      },
    ])
  })
})

describe('docs/command-line.md', () => {
  const exits = readFileSync(join(root, 'packages/cli/src/command-line/exit-codes.ts'), 'utf8')
  const meanings = new Map(
    [...exits.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\n {2}([A-Z]+): \d+,/g)].map(([, about, name]) => [
      name,
      proseOf(about),
    ]),
  )

  test('says what the tables of the program say', async () => {
    await expect(commandLinePage(WRITE, meanings)).toMatchFileSnapshot(page('command-line'))
  })

  test('has a meaning for each exit code, and a section for each command', () => {
    expect([...meanings.keys()]).toEqual(Object.keys(EXIT))
    const made = commandLinePage(WRITE, meanings)
    expect([...COMMANDS_BY_PATH.keys()].filter((path) => !made.includes(`\n## s4u ${path}\n`))).toEqual([])
    expect(COMMANDS_BY_PATH.size).toBeGreaterThan(18)
  })
})

describe('docs/gateway-configuration.md', () => {
  const made = gatewayPage(WRITE)

  test('says what the table of options says', async () => {
    await expect(made).toMatchFileSnapshot(page('gateway-configuration'))
  })

  test('has a row for each setting of the published schema', () => {
    const paths = [...new Set(settingsOf('', gatewaySchema()))]
    expect(paths).toContain('sites[].access[].groups')
    expect(paths.filter((path) => !made.includes(`| \`${path}\` |`))).toEqual([])
  })
})

/** The names of all properties below a schema: `sites[].hosts`. */
function settingsOf(path: string, schema: object): string[] {
  const { properties = {}, items, anyOf = [], additionalProperties } = { ...NO_PARTS, ...schema }
  const named = Object.entries(properties).filter(([name]) => name !== 'env' && name !== 'file')
  return [
    ...named.flatMap(([name, below]) => {
      const own = path === '' ? name : `${path}.${name}`
      return [own, ...settingsOf(own, below)]
    }),
    ...(items === undefined ? [] : settingsOf(`${path}[]`, items)),
    ...anyOf.flatMap((one) =>
      anyOf.some((other) => 'items' in other) && !('items' in one) ? [] : settingsOf(path, one),
    ),
    ...(typeof additionalProperties === 'object' ? settingsOf(`${path}.NAME`, additionalProperties) : []),
  ]
}

interface SchemaParts {
  readonly properties?: Readonly<Record<string, object>>
  readonly items?: object
  readonly anyOf?: readonly object[]
  readonly additionalProperties?: boolean | object
}
const NO_PARTS: SchemaParts = {}

describe('docs/events.md', () => {
  const made = eventsPage(WRITE)

  test('says what the types of the events say', async () => {
    await expect(made).toMatchFileSnapshot(page('events'))
  })

  test('has each channel that the sources publish on, and each listener among the options', () => {
    const sources = readSources('packages').filter(({ isTest }) => !isTest)
    const found = (form: RegExp): string[] => [
      ...new Set(sources.flatMap(({ text }) => [...text.matchAll(form)].map(([, name]) => name))),
    ]
    const channels = found(/_CHANNEL = '(s4u:[\w-]+)'/g)
    expect(channels.sort()).toEqual(EVENT_SOURCES.flatMap(({ channel }) => channel ?? []).sort())
    const events = found(/readonly (on[A-Z]\w+)\?: \(event: \w*Event\) => void/g)
    expect(events.length).toBeGreaterThan(3)
    expect(events.filter((name) => !made.includes(`\`${name}\``))).toEqual([])
  })

  test('explains each field of each event', () => {
    const bare = EVENT_SOURCES.flatMap(({ path, interfaces }) =>
      interfaces.flatMap((name) =>
        shapeOf(path, name).fields.flatMap((field) =>
          field.about === '' && field.name !== 'kind' ? [`${name}.${field.name}`] : [],
        ),
      ),
    )
    expect(bare).toEqual([])
  })

  test.each(WINDOWS_EVENTS)('names fields beside event $id that the records have', ({ channel, fields }) => {
    const source = EVENT_SOURCES.find((one) => one.channel === channel)
    const known = source === undefined ? [] : shapeOf(source.path, source.interfaces[0]).fields.map(({ name }) => name)
    expect(fields.flatMap(({ ours }) => ours).filter((name) => !known.includes(name))).toEqual([])
  })

  test('is read from interfaces and unions', () => {
    const text =
      "/** One. */\nexport interface One {\n  readonly kind: 'one'\n  /**\n   * Long\n   * text.\n   */\n" +
      '  readonly a?: string | undefined\n  readonly b:\n    | 1\n    | 2\n}\n\n' +
      "export type Two =\n  | One\n  /** When. */\n  | { readonly kind: 'two' }\n"
    expect(shapeIn(text, 'One')).toEqual({
      about: 'One.',
      fields: [
        { name: 'kind', optional: false, type: "'one'", about: '' },
        { name: 'a', optional: true, type: 'string', about: 'Long text.' },
        { name: 'b', optional: false, type: '| 1 | 2', about: '' },
      ],
    })
    expect(formsIn(text, 'Two')).toEqual([
      { declared: 'One', about: '' },
      { declared: "{ readonly kind: 'two' }", about: 'When.' },
    ])
    expect(() => shapeIn(text, 'Three')).toThrow('no interface Three')
  })
})

describe('docs/compatibility.md', () => {
  const made = compatibilityPage(WRITE)

  test('says what the tests install', async () => {
    await expect(made).toMatchFileSnapshot(page('compatibility'))
  })

  test('has versions that were tried in each row', () => {
    expect(made).toContain('| `express` | `^4.0.0 \\|\\| ^5.0.0` | 4, 5 |')
    expect(made).toMatch(/\| Node \| 20\S*, 22\S*, 24\S*, 26\S* \|/)
    expect(made.split('\n').filter((line) => line.endsWith('|  |') || line.includes('` ,'))).toEqual([])
  })
})
