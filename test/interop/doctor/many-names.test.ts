import { createKdcClient } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, troubleIn } from './examined-service.js'

const MANY = 50_000

/** The account of a web farm, or of somebody's script that ran for years. */
await describeRealms('an account with 50,000 service principal names', ['CORP'], (info) => {
  const at = new ExaminedService(info, 'CORP', 61)
  const administrator = new Administrator(info, 'CORP')
  const last = `HTTP/farm${MANY - 1}.corp.test`

  /** Written beneath the checks of the directory, each of which would look at all others. */
  const names = (how: 'add' | 'delete') =>
    administrator.run(
      'ldbmodify -H /var/lib/samba/private/sam.ldb.d/DC=CORP,DC=TEST.ldb',
      {},
      [
        ...['dn: CN=svc-exam,CN=Users,DC=corp,DC=test', 'changetype: modify', `${how}: servicePrincipalName`],
        ...Array.from({ length: MANY }, (_, index) => `servicePrincipalName: HTTP/farm${index}.corp.test`),
        '',
      ].join('\n'),
    )

  beforeAll(async () => {
    await at.makeAccounts()
    await at.nameIt(administrator)
    await names('add')
  }, 180_000)
  afterAll(() => names('delete'), 180_000)

  test('is looked at by the doctor, who finds it healthy, within time and memory', async () => {
    const before = process.memoryUsage().rss
    const diagnosis = await at.diagnose()
    expect(troubleIn(diagnosis)).toBe('')
    expect(diagnosis.findings.find(({ check }) => check === 'account')?.found).toMatch(/, and 499\d\d more\.$/)
    expect(diagnosis.took).toBeLessThan(15_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
  })

  test('is found by the last of them, and gets tickets', async () => {
    const { kdc, users } = at.realm
    const { principal, password } = users.alice
    const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
    await using directory = at.openAt(client)
    const started = performance.now()
    const [account] = await directory.accountsWithSpn(last)
    expect(account).toMatchObject({ name: 'svc-exam' })
    expect(account?.servicePrincipalNames.length).toBe(MANY + 1)
    expect(performance.now() - started).toBeLessThan(5_000)
    const asked = performance.now()
    expect((await client.ticketFor(last)).ticket.sname.nameString).toEqual(last.split('/'))
    expect(performance.now() - asked).toBeLessThan(5_000)
  })
})
