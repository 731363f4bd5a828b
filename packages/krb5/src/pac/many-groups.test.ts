import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { encodePac } from './encode-pac.js'
import { Pac } from './pac.js'

const file = new URL('../../../../test/vectors/pac/pacs.json', import.meta.url)
const { vectors }: { vectors: { pac: string }[] } = JSON.parse(readFileSync(file, 'utf8'))
const { logonInfo } = Pac.decode(new Uint8Array(Buffer.from(vectors[0].pac, 'hex')))

/** It takes some 100 µs. The rest is for slow or busy machines. */
const LIMIT_MS = 5

test('the PAC of a user in 1,000 groups is decoded and verified in no time', () => {
  const server = Key.random(18)
  const groupIds = Array.from({ length: 1000 }, (_, index) => ({ relativeId: 2000 + index, attributes: 7 }))
  const extraSids = Array.from({ length: 200 }, (_, index) => ({ sid: `S-1-5-21-1-2-3-${index}`, attributes: 7 }))
  const many = { ...logonInfo!, userFlags: 0x20, groupIds, extraSids }
  const bytes = encodePac({ logonInfo: many }, { server, kdc: Key.random(18) })
  const read = (): Pac => {
    const pac = Pac.decode(bytes)
    pac.verifyServerChecksum(server)
    pac.sids()
    return pac
  }
  expect(read().logonInfo).toEqual(many)
  expect(read().sids().length).toBeGreaterThan(1200)

  const times = Array.from({ length: 20 }, () => {
    const before = process.cpuUsage()
    read()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  expect(Math.min(...times)).toBeLessThan(LIMIT_MS)
})
