import { parseKrb5Conf, parsePrincipal, RejectedTokenError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { type Given, referringKdcs } from '../fixtures/referring-kdcs.js'
import { realmAsked } from '../tickets/granting-ticket.js'
import { requestForeignTgt, requestTicketThroughReferrals } from './referral.js'
import * as fc from 'fast-check'

/** More than a way may have. */
const REALMS = Array.from({ length: 12 }, (_, index) => `R${index}`)
const MAX_REALMS = 8
/** The same in every run. */
const RUNS = { numRuns: 150, seed: 20_261_130 }

const anyRealm = fc.constantFrom(...REALMS)
const anyGiven: fc.Arbitrary<Given> = fc.oneof(
  { weight: 8, arbitrary: anyRealm.map((referTo) => ({ referTo })) },
  { weight: 1, arbitrary: fc.constant('ticket' as const) },
  { weight: 1, arbitrary: fc.constant('unknown' as const) },
)
/** What each realm's KDC says of the service. */
const anyTable = fc
  .tuple(...REALMS.map(() => anyGiven))
  .map((given) => new Map(REALMS.map((realm, at) => [realm, given[at]])))

/** How a request ends: at whose KDC, and the realms that were asked on the way. */
interface End {
  readonly how: 'ticket' | 'unknown' | 'refused'
  readonly asked: readonly string[]
}

function endOf(table: ReadonlyMap<string, Given>): End {
  const asked: string[] = []
  for (let realm = 'R0'; ;) {
    asked.push(realm)
    const given = table.get(realm) ?? 'unknown'
    if (typeof given === 'string') return { how: given, asked }
    if (asked.includes(given.referTo) || asked.length === MAX_REALMS) return { how: 'refused', asked }
    realm = given.referTo
  }
}

async function howEnded(asking: Promise<object>): Promise<End['how']> {
  try {
    return 'refused' in (await asking) ? 'unknown' : 'ticket'
  } catch (error) {
    if (error instanceof RejectedTokenError && error.code === 'KRB_AP_PATH_NOT_ACCEPTED') return 'refused'
    throw error
  }
}

describe('whatever KDCs refer to,', () => {
  test('a way ends where it leads, in no circle, after eight realms, and each realm is asked once', async () => {
    const ends = new Set<End['how']>()
    const property = fc.asyncProperty(anyTable, async (table) => {
      const { asked, context, start } = referringKdcs((realm) => table.get(realm) ?? 'unknown')
      const service = parsePrincipal('HTTP/api@R0')
      const how = await howEnded(requestTicketThroughReferrals(context, { tgt: start, service, client: start.client }))
      expect({ how, asked }).toEqual(endOf(table))
      ends.add(how)
    })
    await fc.assert(property, RUNS)
    expect(ends.size).toBe(3)
  })

  test('a realm that may not be entered is not asked', async () => {
    const property = fc.asyncProperty(anyTable, fc.subarray(REALMS), async (table, open) => {
      const { asked, context, start } = referringKdcs((realm) => table.get(realm) ?? 'unknown')
      const request = { tgt: start, service: parsePrincipal('HTTP/api@R0'), client: start.client }
      const mayEnter = async (realm: string): Promise<boolean> => open.includes(realm)
      const how = await howEnded(requestTicketThroughReferrals(context, { ...request, mayEnter }))
      const { how: unhindered, asked: way } = endOf(table)
      const closed = way.findIndex((realm) => !open.includes(realm))
      expect(asked).toEqual(closed < 0 ? way : way.slice(0, closed))
      expect(how).toBe(closed < 0 ? unhindered : 'refused')
    })
    await fc.assert(property, RUNS)
  })
})

/**
 * Which realms each realm has a key for, and what [capaths] says of the way from the first to the
 * last.
 */
const anyTrusts = fc.tuple(...REALMS.map(() => fc.subarray(REALMS, { minLength: 7 })))
const anyStations = fc.array(anyRealm, { maxLength: 10 })

describe('whatever [capaths] says,', () => {
  const TARGET = 'R11'

  /** MIT’s KDCs, which know their own trusts and refer nobody on. */
  const trusting =
    (trusts: readonly (readonly string[])[]) =>
    (realm: string, { nameString }: { readonly nameString: readonly string[] }): Given =>
      trusts[REALMS.indexOf(realm)].includes(nameString[1]) ? 'ticket' : 'unknown'

  function endOfStations(trusts: readonly (readonly string[])[], stations: readonly string[]): End {
    const direct = trusts[0].includes(TARGET)
    if (direct || stations.length === 0) return { how: direct ? 'ticket' : 'unknown', asked: ['R0'] }
    const asked = ['R0']
    const visited = ['R0']
    for (const station of [...stations, TARGET]) {
      const here = visited[visited.length - 1]
      if (station === here) continue
      asked.push(here)
      if (!trusts[REALMS.indexOf(here)].includes(station)) return { how: 'unknown', asked }
      if (visited.includes(station) || visited.length >= MAX_REALMS) return { how: 'refused', asked }
      visited.push(station)
    }
    return { how: 'ticket', asked }
  }

  test('the own KDC is asked first, then each station for the next, and never in a circle', async () => {
    const ends = new Set<End['how']>()
    const property = fc.asyncProperty(anyTrusts, anyStations, async (trusts, stations) => {
      const relations = stations.map((station) => `${TARGET} = ${station}`).join('\n')
      const conf = parseKrb5Conf(`[capaths]\nR0 = {\n${relations}\n}\n`)
      const { asked, context, start } = referringKdcs(trusting(trusts))
      const capaths = (from: string, to: string) => conf.capath(from, to)
      const outcome = requestForeignTgt(context, start, TARGET, capaths)
      const how = await howEnded(outcome)
      expect({ how, asked }).toEqual(endOfStations(trusts, stations))
      if (how === 'ticket') {
        const found = await outcome
        expect('ticket' in found && realmAsked(found.ticket)).toBe(TARGET)
      }
      ends.add(how)
    })
    await fc.assert(property, { ...RUNS, numRuns: 300 })
    expect(ends.size).toBe(3)
  })

  test('"." means that there is nothing between, and realms on the way are told in their order', () => {
    fc.assert(
      fc.property(anyStations, (stations) => {
        const lines = (of: readonly string[]) => of.map((station) => `B = ${station}`).join('\n')
        const conf = (of: readonly string[]) => parseKrb5Conf(`[capaths]\nA = {\n${lines(of)}\n}\n`)
        expect(conf(['.', ...stations]).capath('A', 'B')).toEqual([])
        expect(conf(stations).capath('A', 'B')).toEqual(stations.length === 0 ? undefined : stations)
        expect(conf(stations).capath('B', 'A')).toBeUndefined()
      }),
    )
  })
})
