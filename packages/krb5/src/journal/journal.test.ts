import { describe, expect, test } from 'vitest'
import type { Outlets } from '../platform/outlets.js'
import { Journal, journalsOf, type JournalEntry } from './journal.js'
import type { Logger } from './logger.js'

const refused: JournalEntry = { level: 'warn', text: 'refused alice@AD.TEST: KRB_AP_ERR_SKEW', hint: 'Set the clock.' }

function outlets(enabled = false): Outlets & { readonly lines: string[]; readonly warnings: string[] } {
  const lines: string[] = []
  const warnings: string[] = []
  const debug = Object.assign((_format: string, text: string) => void lines.push(text), { enabled })
  return { lines, warnings, debug, warn: (text: string) => void warnings.push(text) }
}

function loggerInto(said: [string, string][]): Logger {
  const at = (level: string) => (text: string) => void said.push([level, text])
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

test('without a logger and NODE_DEBUG the first refusal of a kind is a warning of the process, with its hint', () => {
  const out = outlets()
  const journal = new Journal(out, undefined, new Set())
  journal.warn('KRB_AP_ERR_SKEW', () => refused)
  journal.warn('KRB_AP_ERR_SKEW', () => refused)
  journal.warn('KRB_AP_ERR_REPEAT', () => ({ level: 'warn', text: 'refused: replay' }))
  expect(out.warnings).toEqual([
    'refused alice@AD.TEST: KRB_AP_ERR_SKEW\n    Set the clock.\n    ' +
      'Told once for each kind; NODE_DEBUG=s4u shows all that happens, and the logger option writes it to your log.',
    expect.stringMatching(/^refused: replay\n {4}Told once/),
  ])
  expect(out.lines).toEqual([])
})

test('routine is told to nobody who does not read, and costs nothing', () => {
  const out = outlets()
  let made = 0
  new Journal(out, undefined, new Set()).note(() => ({ level: 'debug', text: `made ${++made}` }))
  expect([made, out.warnings, out.lines]).toEqual([0, [], []])
})

test('with NODE_DEBUG all is written, and nothing is a warning', () => {
  const out = outlets(true)
  const journal = new Journal(out, undefined, new Set())
  journal.note(() => ({ level: 'debug', text: 'accepted' }))
  journal.warn('x', () => refused)
  journal.warn('x', () => refused)
  const line = 'refused alice@AD.TEST: KRB_AP_ERR_SKEW\n    Set the clock.'
  expect([out.lines, out.warnings]).toEqual([['accepted', line, line], []])
  expect(journal.isRead).toBe(true)
})

test('with a logger all goes there at its level, and nothing is a warning', () => {
  const out = outlets()
  const said: [string, string][] = []
  const journal = new Journal(out, loggerInto(said), new Set())
  journal.note(() => ({ level: 'debug', text: 'accepted' }))
  journal.note(() => ({ level: 'info', text: 'read' }))
  journal.warn('x', () => refused)
  journal.warn('y', () => ({ level: 'error', text: 'no keys' }))
  expect(said).toEqual([
    ['debug', 'accepted'],
    ['info', 'read'],
    ['warn', 'refused alice@AD.TEST: KRB_AP_ERR_SKEW\n    Set the clock.'],
    ['error', 'no keys'],
  ])
  expect([out.warnings, out.lines]).toEqual([[], []])
})

test('methods of a logger find their logger', () => {
  class Counting {
    count = 0
    debug(): void {
      this.count++
    }
    info(): void {}
    warn(): void {}
    error(): void {}
  }
  const logger = new Counting()
  new Journal(outlets(), logger).note(() => ({ level: 'debug', text: 'x' }))
  expect(logger.count).toBe(1)
})

test('no name begins a line of its own or acts on a terminal', () => {
  const out = outlets(true)
  const entry = {
    level: 'warn',
    text: 'refused mal\nlory\u001b[2J\u202e',
    hint: 'Ask \u001b[31mmallory\nor bob',
  } as const
  new Journal(out, undefined, new Set()).note(() => entry)
  expect(out.lines).toEqual(['refused mal\\u{a}lory\\u{1b}[2J\\u{202e}\n    Ask \\u{1b}[31mmallory\n    or bob'])
})

test('the kinds that are warned of are bounded, and the last warning says so', () => {
  const out = outlets()
  const journal = new Journal(out, undefined, new Set())
  for (let kind = 0; kind < 1_000; kind++) journal.warn(`kind ${kind}`, () => refused)
  expect(out.warnings).toHaveLength(33)
  expect(out.warnings[31]).toContain('Told once for each kind')
  expect(out.warnings[32]).toContain('32 kinds have been told, and no more will be')
})

test('a warning is cut where a peer made it long', () => {
  const out = outlets()
  new Journal(out, undefined, new Set()).warn('x', () => ({ level: 'warn', text: 'a'.repeat(60_000) }))
  expect(out.warnings[0].length).toBeLessThan(6_200)
  expect(out.warnings[0]).toMatch(/a …\n {4}Told once/)
})

describe('journals of one process', () => {
  test('warn of a kind once together, each logger has its own, and none is told of the others', () => {
    const out = outlets()
    const journalFor = journalsOf(out)
    const [one, other]: [string, string][][] = [[], []]
    const logger = loggerInto(one)
    expect(journalFor(logger)).toBe(journalFor(logger))
    expect(journalFor()).toBe(journalFor())
    journalFor(logger).warn('once', () => refused)
    journalFor(loggerInto(other)).note(() => ({ level: 'info', text: 'other' }))
    expect([one.length, other]).toEqual([1, [['info', 'other']]])
    journalFor().warn('once', () => refused)
    new Journal(out).warn('once', () => refused)
    expect(out.warnings).toHaveLength(1)
  })
})
