import type { Diagnosis, Finding } from '@s4u/doctor'
import { expect } from 'vitest'
import type { Administrator } from '../diagnosis/administrator.js'
import { type ExaminedService, redOf, troubleIn } from './examined-service.js'
import type { Fault } from './fault.js'

/** The cause is named, nothing else is red, and what is printed mends it. */
export async function expectNamed(at: ExaminedService, administrator: Administrator, fault: Fault): Promise<void> {
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
    if (fault.remake) await at.makeAccounts()
    else at.restoreKeytab()
  }
}

export function expectCause(diagnosis: Diagnosis, fault: Fault): Finding {
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
