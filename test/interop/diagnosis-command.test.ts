import { DelegationRefusedError, evidenceFromS4u2self } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realmOf, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { Place } from './diagnosis/place.js'

await describeRealms('the command that a refusal of MIT names', ['EAST'], (info) => {
  const { services, users } = realmOf(info, 'EAST')
  const { proto, vault } = services
  const socket = encodeURIComponent(join(info.directory, 'ldap', 'sock'))

  /** With a client that remembers nothing of another try. */
  const attempt = async (): Promise<string> => {
    const client = new Place(info, 'EAST').client('proto')
    const evidence = evidenceFromS4u2self(await client.s4u2self(users.bob.principal))
    return formatPrincipal((await client.s4u2proxy(evidence, vault.spn)).client)
  }

  /**
   * As an administrator runs it, who knows where the directory is and what its container is called.
   */
  const run = (command: string) =>
    runOk('sh', [
      '-c',
      command.replace('CONTAINER', 'cn=krbcontainer,dc=kdb').replace('ldapi:///', `ldapi://${socket}`),
    ])

  test('is all that was missing', async () => {
    const refusal = await attempt().catch((error: unknown) => error)
    if (!(refusal instanceof DelegationRefusedError)) throw refusal
    const answer = { account: proto.principal, target: vault.spn }
    expect(refusal).toMatchObject({ reason: 'target-not-allowed', answer })
    const { mit: command = '' } = refusal.settings[0]
    await run(command)
    try {
      expect(await attempt()).toBe(users.bob.principal)
    } finally {
      await run(command.replace('add: ', 'delete: '))
    }
    await expect(attempt()).rejects.toThrow(DelegationRefusedError)
  })
})
