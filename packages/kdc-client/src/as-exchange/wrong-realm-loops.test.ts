import { AsReq, decode, encode, Key, KRB_ERROR_CODES, KrbError, NameType, parsePrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { requestTgt } from './as-exchange.js'
import { KdcError } from '../errors/kdc-errors.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { SignIn } from '../credentials/authority.js'
import { resolveUserRealm } from './user-realm.js'
import * as fc from 'fast-check'

const NOW = Date.UTC(2026, 0, 15, 9)
const REALMS = Array.from({ length: 12 }, (_, index) => `R${index}`)
const anyRealm = fc.constantFrom(...REALMS)
/** The same in every run. */
const RUNS = { numRuns: 200, seed: 20_261_130 }

/**
 * Where the KDC of each realm sends a user: to another one (KDC_ERR_WRONG_REALM), or nowhere, since
 * it does not know him.
 */
const anyTable = fc.tuple(...REALMS.map(() => fc.option(anyRealm, { freq: 8, nil: undefined })))
type Table = readonly (string | undefined)[]

const nextOf = (table: Table, realm: string): string | undefined => table[REALMS.indexOf(realm)]

function kdcs(table: Table) {
  const asked: string[] = []
  const shown: Uint8Array[] = []
  const context: KdcContext = {
    transport: async (bytes, { realm }) => {
      asked.push(realm)
      const { padata = [], reqBody } = decode(AsReq, bytes)
      shown.push(...padata.filter(({ padataType }) => padataType === 2).map(({ padataValue }) => padataValue))
      const crealm = nextOf(table, realm)
      const code = crealm === undefined ? 'KDC_ERR_C_PRINCIPAL_UNKNOWN' : 'KDC_ERR_WRONG_REALM'
      const { sname = { nameType: 2, nameString: ['krbtgt', realm] } } = reqBody
      const errorCode = KRB_ERROR_CODES[code]
      return encode(KrbError, { stime: NOW, susec: 0, errorCode, realm, sname, ...(crealm && { crealm }) })
    },
    clock: new KdcClock(() => NOW),
    random: (length) => new Uint8Array(length).fill(1),
    etypes: [18],
  }
  return { asked, shown, context }
}

const name = { nameType: NameType.ENTERPRISE, nameString: ['bob@corp.example'] }
const signIn: SignIn = {
  kind: 'sign-in',
  principal: { name, realm: 'R0' },
  etypes: [18],
  keyFor: async () => Key.random(18),
  keysFor: async () => ({ exact: false, keys: [] }),
}

/**
 * The realms from the first on, up to one that is asked already, may not be followed to, or is one
 * too many.
 */
function wayOf(table: Table, follows: (realm: string) => boolean, most: number): string[] {
  const way = ['R0']
  for (;;) {
    const next = nextOf(table, way[way.length - 1])
    if (next === undefined || way.includes(next) || !follows(next) || way.length === most) return way
    way.push(next)
  }
}

describe('whatever realms KDC_ERR_WRONG_REALM names,', () => {
  test('a sign-in ends: each realm is asked once, none that may not be followed to, and no proof of a key is shown', async () => {
    const property = fc.asyncProperty(anyTable, fc.subarray(REALMS), async (table, open) => {
      const { asked, shown, context } = kdcs(table)
      const mayFollow = (realm: string): boolean => open.includes(realm)
      const error: unknown = await requestTgt({ ...context, mayFollow }, signIn).catch((reason: unknown) => reason)
      const way = wayOf(table, mayFollow, 8)
      expect(asked).toEqual(way)
      expect(shown).toEqual([])
      expect(error).toBeInstanceOf(KdcError)
      const isKnown = nextOf(table, way[way.length - 1]) !== undefined
      expect(error).toMatchObject({ code: isKnown ? 'KDC_ERR_WRONG_REALM' : 'KDC_ERR_C_PRINCIPAL_UNKNOWN' })
    })
    await fc.assert(property, RUNS)
  })

  test('a user of a delegation is looked for at few KDCs, each of which the own one leads to', async () => {
    const property = fc.asyncProperty(anyTable, fc.subarray(REALMS), async (table, trusted) => {
      const { asked, context } = kdcs(table)
      const leadsTo = async (realm: string): Promise<boolean> => trusted.includes(realm)
      const { realm } = await resolveUserRealm(context, { principal: { name, realm: 'R0' } }, 'R0', leadsTo)
      expect(asked).toEqual(wayOf(table, (next) => trusted.includes(next), 4))
      expect(['R0', ...trusted]).toContain(realm)
    })
    await fc.assert(property, RUNS)
  })

  test('a name that is not to be resolved is not sent anywhere', async () => {
    const property = fc.asyncProperty(anyTable, async (table) => {
      const { asked, context } = kdcs(table)
      const plain: SignIn = { ...signIn, principal: parsePrincipal('bob@R0') }
      await requestTgt({ ...context, mayFollow: () => true }, plain).catch(() => {})
      expect(asked).toEqual(['R0'])
    })
    await fc.assert(property, RUNS)
  })
})
