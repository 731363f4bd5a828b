import { AsReq, encode, kerberosFlags, NameType } from '@s4u/krb5'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** What holds the demo's page together, without the page. Plain JavaScript, so that nothing is known of its types here. */
const demo = (file: string) => import(`../../examples/demo/${file}.mjs`)
const { createWorld } = await demo('world')
const { actions } = await demo('scenes')

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => (world = await createWorld()))
afterEach(() => world.close())

test('the demo gets tickets after more exchanges than the realm remembers', async () => {
  for (let count = 0; count <= 10_000; count++) await world.realm.transport(stranger)
  const { status, steps, body } = await world.play(actions.alice)
  expect(status).toBe(200)
  expect(body.identity.principal).toBe('alice@AD.TEST')
  const exchanges = steps.filter(({ kind }: { kind: string }) => kind === 'exchange')
  expect(exchanges.map(({ exchange, outcome }: Record<string, string>) => `${exchange} ${outcome}`)).toEqual([
    'AS KDC_ERR_PREAUTH_REQUIRED',
    'AS issued',
    'TGS issued',
  ])
})

/** Somebody whom the realm does not know. */
const stranger = encode(AsReq, {
  reqBody: {
    kdcOptions: kerberosFlags(),
    realm: 'AD.TEST',
    cname: { nameType: NameType.PRINCIPAL, nameString: ['nobody'] },
    sname: { nameType: NameType.SRV_INST, nameString: ['krbtgt', 'AD.TEST'] },
    till: Date.UTC(2037, 0, 1),
    nonce: 1,
    etype: [18],
  },
})
