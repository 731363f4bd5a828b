import { expect, test } from 'vitest'
import { userPartOf } from './user-part.js'

test.each([
  ['alice', 'alice'],
  [' ALICE ', 'alice'],
  ['alice@corp.test', 'alice'],
  ['CORP\\alice', 'alice'],
  ['CORP\\Álice@x', 'alice'],
  ['ΑΛΕΞΗΣ', 'αλεξησ'],
  ['αλεξης', 'αλεξησ'],
  ['αλεξησ@corp.test', 'αλεξησ'],
  ['groß', 'gross'],
  ['@alice', '@alice'],
  ['', ''],
])('%j is %j, however it is written', (name, part) => {
  expect(userPartOf(name)).toBe(part)
})
