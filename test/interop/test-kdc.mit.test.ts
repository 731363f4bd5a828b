import { describe, expect, test } from 'vitest'
import { mitClients } from '../realms/debian/packages.js'
import { describeClients } from './test-kdc.site.js'

const signIn = (user: string, password: string, flags = '') => `echo ${password} | kinit ${flags} ${user}`

/** MIT's kinit, kvno and klist against the embedded realm. */
await describeClients('MIT clients', mitClients, ({ ad, partner, shell, attempt }) => {
  const asService = (name: string) => `kinit -k -t ${name}.keytab ${name}`

  test('sign a user in and get a ticket that the keytab opens', async () => {
    const listing = await shell(
      `${signIn('alice', 'wonderland')} && kvno -k web.keytab HTTP/web.ad.test && klist -ef`,
      'alice',
    )
    expect(listing).toContain('HTTP/web.ad.test@AD.TEST: kvno = 2, keytab entry valid')
    expect(listing).toContain('aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96')
    expect(ad.exchanges.at(-1)).toMatchObject({ client: 'alice@AD.TEST', outcome: 'issued' })
  })

  // behaviour: Sign-in by a user principal name = embedded: resolved
  test('sign in by an enterprise name, and find users of a trusted realm', async () => {
    expect(await shell(`${signIn('bob.builder@ad.example', 'builder-1', '-C -E')} && klist`, 'bob')).toContain(
      'bob@AD.TEST',
    )
    expect(await shell(`${signIn('pat@partner.test', 'partner-1', '-C -E')} && klist`, 'pat')).toContain(
      'pat@PARTNER.TEST',
    )
  })

  test('are refused with the right error', async () => {
    expect((await attempt(signIn('alice', 'wrong'))).stderr).toMatch(/Password incorrect|Preauthentication failed/)
    expect((await attempt(signIn('nobody', 'x'))).stderr).toContain('not found in Kerberos database')
    expect((await attempt(signIn('dave', 'disabled-1'))).stderr).toContain('revoked')
    expect((await attempt(signIn('frank', 'old-1'))).stderr).toMatch(/expired|must change|Cannot read password/i)
  })

  // behaviour: Renewal of a ticket = embedded: granted
  test('renew, forward and decline', async () => {
    expect(await shell(`${signIn('alice', 'wonderland', '-r 2d')} && kinit -R && klist -f`, 'renewed')).toContain(
      'FRIA',
    )
    expect(await shell(`${signIn('carol', 'sensitive-1')} && klist -f`, 'carol')).toContain('Flags: RIA')
  })

  // behaviour: Protocol transition and constrained delegation = embedded: granted
  test('act for a user: protocol transition and constrained delegation', async () => {
    const command = `${asService('web')} && kvno -k web.keytab -U alice -P HTTP/api.ad.test && klist -f`
    expect(await shell(command, 'web')).toMatch(/HTTP\/api.ad.test@AD.TEST\n\s+for client alice@AD.TEST.*Flags: FRA/)
    const denied = await attempt(`${asService('web')} && kvno -U alice -P HTTP/data.ad.test`, 'web2')
    expect(denied.stderr).toContain("KDC can't fulfill requested option")
    expect(ad.exchanges.at(-1)).toMatchObject({ kind: 'S4U2Proxy', ntStatus: 'STATUS_NOT_FOUND' })
  })

  // behaviour: Resource-based delegation, protocol transition = embedded: granted
  test('act for a user where the target allows it', async () => {
    await shell(`${asService('plain')} && kvno -k plain.keytab -U alice -P HTTP/data.ad.test`, 'plain')
    expect(ad.exchanges.at(-1)).toMatchObject({
      kind: 'S4U2Proxy',
      delegation: 'resource-based',
      user: 'alice@AD.TEST',
    })
  })

  // behaviour: Constrained delegation of a sensitive user = embedded: refused (13)
  test('do not act for a sensitive user', async () => {
    const { stderr } = await attempt(`${asService('web')} && kvno -U carol -P HTTP/api.ad.test`, 'web-carol')
    expect(stderr).toContain("KDC can't fulfill requested option")
  })

  // behaviour: A service of a trusted realm = embedded: by referral
  test('get a ticket of the trusted realm by referral', async () => {
    const listing = await shell(
      `${signIn('alice', 'wonderland')} && kvno -k shop.keytab HTTP/shop.partner.test && klist`,
      'referral',
    )
    expect(listing).toContain('HTTP/shop.partner.test@PARTNER.TEST')
    expect(ad.exchanges.at(-1)).toMatchObject({ kind: 'TGS', service: 'HTTP/shop.partner.test', outcome: 'referral' })
  })

  // behaviour: S4U2Self for a user of a trusted realm = embedded: granted
  test('act for a user of the trusted realm', async () => {
    const listing = await shell(
      `${asService('web')} && kvno -k web.keytab -U pat@PARTNER.TEST -P HTTP/api.ad.test && klist`,
      'foreign',
    )
    expect(listing).toContain('for client pat')
  })

  // behaviour: Resource-based delegation, a target of a trusted realm = embedded: granted
  test('act for a user at a service of the trusted realm that allows it', async () => {
    const listing = await shell(
      `${asService('plain')} && kvno -k plain.keytab -U alice -P HTTP/shop.partner.test@ && klist`,
      'rbcd',
    )
    expect(listing).toContain('for client alice')
    expect(partner.exchanges.at(-1)).toMatchObject({
      kind: 'S4U2Proxy',
      delegation: 'resource-based',
      client: 'plain@AD.TEST',
    })
  })

  describe('inside of FAST', () => {
    /** `-T` names the credential cache whose ticket makes the armor. */
    const armored = (user: string, password: string, flags = '') =>
      `${asService('web')} && cp cc-$ARMOR cc-armor-$ARMOR && ${signIn(user, password, `-T FILE:cc-armor-$ARMOR ${flags}`)}`
    const withArmor = (name: string, command: string) => `ARMOR=${name}; ${command}`

    test('sign a user in, and get tickets with what came of it', async () => {
      const before = ad.exchanges.length
      const command = withArmor('fast', `${armored('alice', 'wonderland')} && kvno -k web.keytab HTTP/web.ad.test`)
      expect(await shell(command, 'fast')).toContain('keytab entry valid')
      const exchanges = ad.exchanges.slice(before).filter(({ client }) => client === 'alice@AD.TEST')
      expect(exchanges.filter(({ outcome }) => outcome !== 'KRB_ERR_RESPONSE_TOO_BIG')).toMatchObject([
        { kind: 'AS', armored: true, outcome: 'KDC_ERR_PREAUTH_REQUIRED' },
        { kind: 'AS', armored: true, outcome: 'issued' },
        { kind: 'TGS', armored: true, outcome: 'issued' },
      ])
    })

    test('act for a user', async () => {
      await shell(`${asService('web')} && kvno -U alice -P HTTP/api.ad.test`, 'fast-web')
      const kinds = ad.exchanges.slice(-2).map(({ kind, armored: isArmored }) => [kind, isArmored])
      expect(kinds).toEqual([
        ['S4U2Self', true],
        ['S4U2Proxy', true],
      ])
    })

    test('are told inside of the armor that the password is wrong', async () => {
      const { stderr } = await attempt(withArmor('wrong', armored('alice', 'wrong')), 'wrong')
      expect(stderr).toMatch(/Password incorrect|Preauthentication failed/)
      expect(ad.exchanges.at(-1)).toMatchObject({ armored: true, outcome: 'KDC_ERR_PREAUTH_FAILED' })
    })

    test('sign a user in who may not without', async () => {
      const without = await attempt(signIn('erin', 'armor-1'))
      expect(without.stderr).toMatch(/[Pp]reauthentication failure/)
      expect(await shell(`${withArmor('erin', armored('erin', 'armor-1'))} && klist`, 'erin')).toContain('erin@AD.TEST')
    })

    test.each([
      ['fastWrongNonce'],
      ['fastWrongKey'],
      ['fastNoFinished'],
      ['fastWrongChecksum'],
      ['fastUnusedStrengthenKey'],
      ['fastNoCookie'],
    ] as const)('believe no KDC that lies (%s)', async (lie) => {
      ad.misbehave[lie] = true
      try {
        // The armor itself is got without.
        const { stderr } = await attempt(withArmor(lie, armored('alice', 'wonderland')), lie)
        expect(stderr).not.toBe('')
        expect((await attempt('klist', lie)).stdout).not.toContain('alice@AD.TEST')
      } finally {
        ad.misbehave[lie] = false
      }
    })
  })

  test('talk user to user', async () => {
    await shell(signIn('bob', 'builder-1'), 'u2u-bob')
    await shell(`${signIn('alice', 'wonderland')} && kvno --u2u FILE:cc-u2u-bob bob`, 'u2u-alice')
    expect(ad.exchanges.at(-1)).toMatchObject({ kind: 'user-to-user', outcome: 'issued' })
  })
})

await describeClients(
  'MIT clients with nothing set',
  mitClients,
  ({ ad, shell }) => {
    test('turn to TCP when the KDC says that its reply is too big for UDP', async () => {
      await shell(signIn('alice', 'wonderland'))
      expect(ad.exchanges.map(({ via, outcome }) => `${via} ${outcome}`)).toEqual([
        'udp KDC_ERR_PREAUTH_REQUIRED',
        'udp KRB_ERR_RESPONSE_TOO_BIG',
        'tcp issued',
      ])
    })
  },
  ['as fits'],
)
