import { createNegotiator } from '@s4u/negotiate'
import { Keytab } from '@s4u/krb5'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { Administrator } from './diagnosis/administrator.js'

await describeRealms('a keytab with service principal names alone', ['CORP', 'EAST'], (info) => {
  const optionsOf = (key: 'CORP' | 'EAST', keytab: string) => {
    const { kdc } = realmOf(info, key)
    return { keytab, kdc: `${kdc.host}:${kdc.port}`, delegation: { protocolTransition: true } }
  }

  /** What `klist -k` of many services shows: `HTTP/…`, and no account. */
  const spnsOf = (key: 'CORP' | 'EAST'): string => {
    const { keytab } = realmOf(info, key).services.web
    const { entries } = Keytab.decode(readFileSync(keytab))
    const path = join(info.directory, 'keytabs', `spn-alone-${key}.keytab`)
    writeFileSync(path, new Keytab(entries.filter(({ principal }) => principal.name.nameString.length > 1)).encode())
    return path
  }

  test('cannot sign in to Active Directory or Samba, which is told when the service starts, and mended as it says', async () => {
    const keytab = spnsOf('CORP')
    using negotiator = createNegotiator(optionsOf('CORP', keytab))
    const refusal: unknown = await negotiator.ready().catch((error: unknown) => error)
    expect(refusal).toMatchObject({
      ...{ name: 'ConfigurationError', code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN' },
      message:
        'the keytab has keys of service principal names alone, and the KDC lets nobody sign in as HTTP/web.corp.test@CORP.TEST',
      hint: expect.stringMatching(/name the account in principal \(of createNegotiator: delegation\.principal\)/),
      cause: { settings: [{ attribute: expect.stringContaining(`Export the keys of the account to ${keytab}`) }] },
    })
    const administrator = new Administrator(info, 'CORP')
    const [, command = ''] = /^ {2}Samba: (.*)$/m.exec(String((refusal as { hint?: unknown }).hint)) ?? []
    const { stdout } = await administrator.run(command)
    expect(stdout).toContain('sAMAccountName: svc-web')
    await administrator.run(`samba-tool domain exportkeytab ${keytab} --principal=svc-web`)
    const { delegation, ...options } = optionsOf('CORP', keytab)
    using mended = createNegotiator({ ...options, delegation: { ...delegation, principal: 'svc-web' } })
    await mended.ready()
    expect((await mended.identityFor('alice')).principal).toBe('alice@CORP.TEST')
  })

  test('can sign in to MIT, and nothing is told', async () => {
    using negotiator = createNegotiator(optionsOf('EAST', spnsOf('EAST')))
    await negotiator.ready()
    expect((await negotiator.identityFor('alice')).principal).toBe('alice@EAST.TEST')
  })

  test('is of no interest where the service acts for nobody, or where no KDC is there to ask', async () => {
    const keytab = spnsOf('CORP')
    using alone = createNegotiator({ keytab })
    await alone.ready()
    const away = { ...optionsOf('CORP', keytab), kdc: `tcp/${realmOf(info, 'CORP').kdc.host}:9` }
    using waiting = createNegotiator(away)
    await waiting.ready()
  })
})
