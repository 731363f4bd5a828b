import { test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { heimdalDelegationRows } from './diagnosis/heimdal-delegation-rows.js'
import { mitDelegationRows, mitFileDelegationRows } from './diagnosis/mit-delegation-rows.js'
import { Place } from './diagnosis/place.js'
import { expectRefusal } from './diagnosis/refusal.js'
import { sambaDelegationRows } from './diagnosis/samba-delegation-rows.js'
import { signInRows } from './diagnosis/sign-in-rows.js'

/** The realms in question, with those that they trust. */
const places = { CORP: ['PARTNER'], EAST: ['WEST'], PLAIN: [], NORTH: ['SOUTH'] } as const

const delegationRows = {
  CORP: sambaDelegationRows,
  EAST: mitDelegationRows,
  PLAIN: mitFileDelegationRows,
  NORTH: heimdalDelegationRows,
}

for (const key of ['CORP', 'EAST', 'PLAIN', 'NORTH'] as const) {
  await describeRealms(`what ${key} refuses is explained`, [key, ...places[key]], (info) => {
    const at = new Place(info, key)
    for (const [what, attempt, expected] of [...(signInRows[key] ?? []), ...delegationRows[key]])
      test(what, () => expectRefusal(attempt(at), expected))
  })
}
