import type { Diagnosis, Finding } from '@s4u/doctor'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, redOf, serveAt, troubleIn } from './examined-service.js'
import type { Fault } from './fault.js'
import { keytabFaults } from './keytab-faults.js'
import { sambaFaults } from './samba-faults.js'
import { surroundingFaults } from './surrounding-faults.js'
import { healthySite, urlFaults } from './url-faults.js'

for (const key of ['CORP'] as const) {
  await describeRealms(`the doctor, at a service of ${key}`, [key], (info) => {
    const at = new ExaminedService(info, key, 61)
    const administrator = new Administrator(info, key)
    const { domain } = at.realm

    beforeAll(async () => {
      const login = `-U 'Administrator%${at.realm.administrator?.password ?? ''}'`
      const add = (name: string, type: string, value: string): string =>
        `samba-tool dns add ${at.realm.kdc.host} ${domain} ${name} ${type} ${value} ${login}`
      await administrator.run(add('web', 'A', at.address))
      await administrator.run(add('canonical', 'A', at.address))
      await administrator.run(add('portal', 'CNAME', `canonical.${domain}`))
    })

    test('finds nothing wrong with a healthy one, in less than 3 s', async () => {
      const diagnosis = await at.diagnose()
      expect(troubleIn(diagnosis)).toBe('')
      expect(diagnosis).toMatchObject({ status: 'ok', cause: undefined })
      expect(diagnosis.took).toBeLessThan(3_000)
    })

    test('nor with its URL', async () => {
      await using site = await serveAt(at.address, healthySite(at))
      const diagnosis = await at.diagnose({ url: `http://web.${domain}:${site.port}/` })
      expect(troubleIn(diagnosis)).toBe('')
      expect(diagnosis.findings.filter(({ check }) => check.startsWith('url')).map(({ found }) => found)).toEqual([
        'It answers with 401 (server: nobody says which).',
        'It answers 401 and offers Negotiate.',
        'Headers of 60000 characters get through.',
        'It signs alice in (200), and proves itself.',
      ])
      expect(diagnosis.took).toBeLessThan(3_000)
    })

    describe('names first, and alone', () => {
      const faults = [...sambaFaults(domain), ...keytabFaults(domain), ...surroundingFaults(domain)]
      test.each(faults)('%s', (_what, fault) => expectNamed(at, administrator, fault))

      test.each(urlFaults)('%s', async (_what, { serve, options, ...fault }) => {
        await using site = await serveAt(at.address, serve(at), options)
        expectCause(await at.diagnose({ url: `http://web.${domain}:${site.port}/` }), fault)
      })

      test('a URL at which nobody listens', async () => {
        const diagnosis = await at.diagnose({ url: `http://web.${domain}:1/` })
        expectCause(diagnosis, { cause: 'url', found: /ECONNREFUSED/ })
      })

      test('an alias of a host that is not registered', async () => {
        await using site = await serveAt(at.address, healthySite(at))
        const url = `http://portal.${domain}:${site.port}/`
        expectCause(await at.diagnose({ url }), {
          cause: 'dns-alias',
          status: 'warning',
          found: /^portal\.\S+ is an alias of canonical\.\S+, and the KDC gives no ticket for HTTP\/canonical\./,
        })
      })
    })
  })
}

/** The cause is named, nothing else is red, and what is printed mends it. */
async function expectNamed(at: ExaminedService, administrator: Administrator, fault: Fault): Promise<void> {
  const { break: broken = [], spoil, options, mend, after = [], besides = [] } = fault
  try {
    for (const command of broken) await administrator.run(command)
    spoil?.(at)
    const cause = expectCause(await at.diagnose(options?.(at)), fault)
    if (fault.obey?.length === 0 && mend === undefined) return
    for (const index of fault.obey ?? [0]) await administrator.obey(cause.settings[index], fault.known, fault.input)
    for (const command of besides) await administrator.run(command)
    mend?.(at)
    expect(troubleIn(await at.diagnose(options?.(at)))).toBe('')
  } finally {
    for (const command of after) await administrator.run(command)
    at.restoreKeytab()
  }
}

function expectCause(diagnosis: Diagnosis, fault: Fault): Finding {
  const { cause, code, found } = fault
  const status: Finding['status'] = fault.status ?? 'failed'
  const first = diagnosis.cause
  const red = status === 'failed' ? [cause] : []
  const named = { check: first?.check, status: first?.status, red: redOf(diagnosis) }
  if (first?.check !== cause) console.error(troubleIn(diagnosis))
  expect(named).toEqual({ check: cause, status, red })
  expect(first?.found).toMatch(found)
  if (code !== undefined) expect(first?.code).toBe(code)
  if (first === undefined) throw new Error('there is no cause')
  return first
}
