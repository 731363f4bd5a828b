import { test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { Administrator } from './diagnosis/administrator.js'
import { heimdalObediences } from './diagnosis/heimdal-obediences.js'
import { mitObediences } from './diagnosis/mit-obediences.js'
import { newerSambaObediences } from './diagnosis/newer-samba-obediences.js'
import { expectObeyed, type ObedienceRow } from './diagnosis/obeying.js'
import { Place } from './diagnosis/place.js'
import { sambaEditObediences, sambaObediences } from './diagnosis/samba-obediences.js'

const CORP = [...sambaObediences('corp.test'), ...sambaEditObediences]
/**
 * The programs of the newer Samba have no shell where they are, which ldbedit needs; and they take
 * seconds, so that accounts, of which both know the same, are tried with the older alone.
 */
const NEWCORP = [
  ...sambaObediences('newcorp.test').filter(([, { reason }]) => reason !== undefined),
  ...newerSambaObediences,
]

const realms: readonly (readonly ['CORP' | 'NEWCORP' | 'EAST' | 'NORTH', readonly ObedienceRow[]])[] = [
  ['CORP', CORP],
  ['NEWCORP', NEWCORP],
  ['EAST', mitObediences],
  ['NORTH', heimdalObediences],
]

for (const [key, rows] of realms) {
  await describeRealms(`what a hint says about a refusal of ${key} is all that was missing`, [key], (info) => {
    const at = new Place(info, key)
    const administrator = new Administrator(info, key)
    for (const [what, row] of rows) test(what, () => expectObeyed(at, administrator, row))
  })
}
