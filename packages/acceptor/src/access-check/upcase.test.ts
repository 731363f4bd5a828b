import { expect, test } from 'vitest'
import { upcase } from './upcase.js'

/** Every code unit but the halves of surrogate pairs. */
const units = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
  (unit) => !/[\ud800-\udfff]/.test(unit),
)

test('text keeps its length, whatever is in it', () => {
  expect(units.filter((unit) => upcase(unit).length !== 1)).toEqual([])
  expect(upcase('😀straße\ud800')).toBe('😀STRAßE\ud800')
})

test('folding twice changes nothing', () => {
  expect(units.filter((unit) => upcase(upcase(unit)) !== upcase(unit))).toEqual([])
})

test('no three characters are one, but for the sigmas of Greek', () => {
  const alike = new Map<string, string[]>()
  for (const unit of units) alike.set(upcase(unit), [...(alike.get(upcase(unit)) ?? []), unit])
  expect([...alike.values()].filter((same) => same.length > 2)).toEqual([['Σ', 'ς', 'σ']])
})

/** Of Windows' table, as published for NTFS volumes and in MS-UCODEREF. */
test.each([
  ['az09é', 'AZ09É'],
  ['ÿ', 'Ÿ'],
  ['āőžư', 'ĀŐŽƯ'],
  ['ǆǉǌǳ', 'ǄǇǊǱ'],
  ['ɓəʒ', 'ƁƏƷ'],
  ['άλσς', 'ΆΛΣΣ'],
  ['яђѣ', 'ЯЂѢ'],
  ['ա', 'Ա'],
  ['ḁạ', 'ḀẠ'],
  ['ἀᾰ', 'ἈᾸ'],
  ['ᾀᾳ', 'ᾈᾼ'],
  ['ⅷⓐａ', 'ⅧⒶＡ'],
])('%s becomes %s', (small, capital) => {
  expect(upcase(small)).toBe(capital)
})

test.each([
  'ß',
  'ﬁ',
  'ﬀ',
  'ŉ',
  'ǰ',
  'ΐ',
  'ı',
  'İ',
  'ſ',
  'ẛ',
  'µ',
  '\u212a',
  '\u212b',
  '\u2126',
  'ǅ',
  'ϐ',
  'ϑ',
  'ϕ',
  'ϖ',
  'ι\u0345'.slice(1),
  'ა',
  'ꭰ',
])('%s stays', (unit) => {
  expect(upcase(unit)).toBe(unit)
})
