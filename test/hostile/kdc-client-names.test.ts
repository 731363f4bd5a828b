import { evidenceFromS4u2self } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf } from './kdc-client-realm.js'

/** What a login form may be sent for a name, and then stands in logs and in commands that people paste. */
const names = [
  "x'; calc\nFORGED LOG LINE@evil.example",
  'x\r\nFORGED LOG LINE',
  '\u001b[2Jx@AD.TEST',
  '$(calc)@AD.TEST',
  '\u202ex@evil.example',
]

describe('a name that was made up', () => {
  test.each(names)('%j is printed on one line, and is in no command', async (name) => {
    const realm = await adTest()
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const errors = [
      await refusalOf(client.s4u2self(name)),
      await refusalOf(client.ticketFor(`HTTP/${name.replaceAll('@', '\\@')}`)),
      await refusalOf(client.s4u2proxy(evidence, `HTTP/${name.replaceAll('@', '\\@')}`)),
    ]
    for (const { message, hint } of errors) {
      expect(message).toMatch(/^[^\p{Cc}\p{Cf}]+$/u)
      expect(String(hint).replaceAll('\n', ' ')).toMatch(/^[^\p{Cc}\p{Cf}]+$/u)
      expect(String(hint)).not.toMatch(/^FORGED/m)
      expect(String(hint)).not.toMatch(/(samba-tool|kadmin|setspn|[A-Z][a-z]+-AD[A-Z]\w+) [^|\n]*(calc|FORGED)/)
    }
  })
})
