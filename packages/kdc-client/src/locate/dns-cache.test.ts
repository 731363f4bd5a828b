import { expect, test, vi } from 'vitest'
import { DnsMemory } from './dns-cache.js'

const record = { name: 'dc1', port: 88, priority: 0, weight: 0 }
const absent = (): never => {
  throw Object.assign(new Error('querySrv ENOTFOUND'), { code: 'ENOTFOUND' })
}

/** DNS that answers as it is told, and a clock. */
function memory() {
  const dns = { now: 0, answer: async (): Promise<(typeof record)[]> => [record] }
  const resolveSrv = vi.fn(() => dns.answer())
  const known = new DnsMemory(() => dns.now, { resolveSrv, resolveUri: async () => [] })
  const hosts = async (signal?: AbortSignal) => (await known.find('AD.TEST', signal)).map(({ host }) => host)
  // Two questions to each look: for UDP and TCP.
  return { dns, hosts, looks: () => resolveSrv.mock.calls.length / 2 }
}

test('is asked once, however many want to know at the same time', async () => {
  const { hosts, looks } = memory()
  const all = await Promise.all(Array.from({ length: 50 }, () => hosts()))
  expect(new Set(all.flat())).toEqual(new Set(['dc1']))
  expect(looks()).toBe(1)
})

test('that fails leaves what it said before, and is asked again after a minute', async () => {
  const { dns, hosts, looks } = memory()
  await hosts()
  dns.now = 300_001
  dns.answer = async () => Promise.reject(Object.assign(new Error('querySrv ESERVFAIL'), { code: 'ESERVFAIL' }))
  for (let turn = 0; turn < 5; turn++) expect(await hosts()).toEqual(['dc1'])
  expect(looks()).toBe(2)
  dns.now += 60_001
  expect(await hosts()).toEqual(['dc1'])
  expect(looks()).toBe(3)
})

test('that says that there are none is believed, for some seconds', async () => {
  const { dns, hosts, looks } = memory()
  await hosts()
  dns.now = 300_001
  dns.answer = async () => absent()
  for (let turn = 0; turn < 5; turn++) expect(await hosts()).toEqual([])
  expect(looks()).toBe(2)
  dns.now += 5_001
  await hosts()
  expect(looks()).toBe(3)
})

test('is asked for all: one who gives up takes the answer from nobody, and nobody remembers that there was none', async () => {
  const { dns, hosts, looks } = memory()
  const waiting: ((records: (typeof record)[]) => void)[] = []
  dns.answer = () => new Promise((resolve) => waiting.push(resolve))
  const impatient = new AbortController()
  const [gone, patient] = [hosts(impatient.signal), hosts()]
  impatient.abort(new Error('gone'))
  await expect(gone).rejects.toThrow('gone')
  for (const answer of waiting) answer([record])
  expect(await patient).toEqual(['dc1'])
  expect(await hosts()).toEqual(['dc1'])
  expect(looks()).toBe(1)
})
