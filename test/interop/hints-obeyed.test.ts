import { test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { Administrator } from './diagnosis/administrator.js'
import { heimdalObediences } from './diagnosis/heimdal-obediences.js'
import { mitObediences } from './diagnosis/mit-obediences.js'
import { expectObeyed } from './diagnosis/obeying.js'
import { Place } from './diagnosis/place.js'
import { sambaObediences } from './diagnosis/samba-obediences.js'

const rows = { CORP: sambaObediences, EAST: mitObediences, NORTH: heimdalObediences } as const
const trusted = { CORP: ['PARTNER'], EAST: ['WEST'], NORTH: ['SOUTH'] } as const

for (const key of ['CORP', 'EAST', 'NORTH'] as const) {
  await describeRealms(
    `what a hint says about a refusal of ${key} is all that was missing`,
    [key, ...trusted[key]],
    (info) => {
      const at = new Place(info, key)
      const administrator = new Administrator(info, key)
      for (const [what, row] of rows[key]) test(what, () => expectObeyed(at, administrator, row))
    },
  )
}
