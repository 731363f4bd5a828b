import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { formatPrincipal, Keytab } from '@s4u/krb5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Place, placeWithRealm } from './realm.js'
import { program, runToEnd, s4u, s4uJson, s4uOk } from './s4u-process.js'

let place: Place
beforeAll(async () => {
  place = await placeWithRealm()
})
afterAll(() => place[Symbol.asyncDispose]())

const entriesIn = (name: string) =>
  Keytab.decode(readFileSync(place.at(name))).entries.map(
    ({ principal, kvno, key }) => `${kvno} ${key.etype} ${formatPrincipal(principal)}`,
  )

describe('s4u keytab create', () => {
  test('makes the keys that the KDC has, of all its types, for the account and its SPN', async () => {
    const args = ['keytab', 'create', place.at('made'), '-p', 'svc-web', '--spn', 'HTTP/web.ad.test']
    const document = await s4uJson(args, place.as('x', { input: 'web-password\n' }))
    expect(document).toMatchObject({ keytab: place.at('made'), entries: expect.any(Array) })
    expect(statSync(place.at('made')).mode & 0o777).toBe(0o600)
    expect(entriesIn('made')).toEqual([
      '2 18 svc-web@AD.TEST',
      '2 17 svc-web@AD.TEST',
      '2 18 HTTP/web.ad.test@AD.TEST',
      '2 17 HTTP/web.ad.test@AD.TEST',
    ])
    const made = Keytab.decode(readFileSync(place.at('made')))
    const theirs = place.realm.keytabFor('svc-web').entries
    for (const [index, { key }] of made.entries.slice(0, 2).entries()) expect(key.equals(theirs[index].key)).toBe(true)
  })

  test('writes nothing with a wrong password, which is tried once', async () => {
    const before = place.realm.exchanges.length
    const args = ['keytab', 'create', place.at('none'), '-p', 'svc-web']
    const ended = await s4u(args, place.as('x', { input: 'web-passwort\n' }))
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('KDC_ERR_PREAUTH_FAILED') })
    expect(existsSync(place.at('none'))).toBe(false)
    const wrong = place.realm.exchanges.slice(before).filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED')
    expect(wrong).toHaveLength(1)
  })

  test('writes over no file without --force, and no type that the account has not', async () => {
    const args = ['keytab', 'create', place.at('svc-api.keytab'), '-p', 'svc-web']
    const ended = await s4u(args, place.as('x', { input: 'web-password\n' }))
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('is there already') })
    const camellia = ['keytab', 'create', place.at('n'), '-p', 'svc-web', '-e', 'camellia256-cts-cmac']
    const refused = await s4u(camellia, place.as('x', { input: 'web-password\n' }))
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('KDC_ERR_ETYPE_NOSUPP') })
  })
})

describe('s4u keytab list and merge', () => {
  test('shows keys with the times when they were written', async () => {
    const { stdout } = await s4uOk(['keytab', 'list', place.at('made')], place.as('x'))
    expect(stdout).toMatch(/^Version {2}Written +Encryption +Principal$/m)
    expect(stdout).toMatch(/^ {6}2 {2}\d{4}-\d\d-\d\d [\d:]{8} {2}aes256-cts-hmac-sha1-96 {2}svc-web@AD\.TEST$/m)
  })

  test('writes several keytabs as one, and a key that two have once', async () => {
    const args = ['keytab', 'merge', place.at('made'), place.at('svc-api.keytab'), place.at('made')]
    await s4uOk([...args, '-o', place.at('merged')], place.as('x'))
    expect(entriesIn('merged')).toEqual([...entriesIn('made'), ...entriesIn('svc-api.keytab')])
  })

  test('says which file is no keytab', async () => {
    writeFileSync(place.at('text'), 'no keytab')
    const ended = await s4u(['keytab', 'list', place.at('text')], place.as('x'))
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('KRB5_KEYTAB_BADVNO') })
  })
})

describe('s4u keytab check and rotate', () => {
  test('finds every key of a fresh keytab current, those of SPNs by a ticket', async () => {
    const { keys } = await s4uJson(['keytab', 'check', place.at('svc-web.keytab')], place.as('x'))
    const states = (keys as { state: string; principal: string }[]).map(
      ({ state, principal }) => `${principal} ${state}`,
    )
    expect(new Set(states)).toEqual(
      new Set(
        ['svc-web@AD.TEST', 'HTTP/web.ad.test@AD.TEST', 'HTTP/localhost@AD.TEST'].map((name) => `${name} current`),
      ),
    )
  })

  test('rotates: a new version beside the old one, which the KDC takes, under every name', async () => {
    const path = place.at('svc-web.keytab')
    const old = entriesIn('svc-web.keytab')
    await s4uOk(['keytab', 'rotate', path], place.as('x'))
    expect(entriesIn('svc-web.keytab')).toEqual([...old.map((entry) => entry.replace(/^2/, '3')), ...old])
    expect(existsSync(`${path}.new-password`)).toBe(false)
    const ended = await s4u(['keytab', 'check', path], place.as('x'))
    expect(ended.status).toBe(0)
    expect(ended.stdout).toMatch(/^3 +\S+ +current +svc-web@AD\.TEST$/m)
    expect(ended.stdout).toMatch(/^2 +\S+ +old +svc-web@AD\.TEST$/m)
    await s4uOk(['kinit', '-t', path], place.as('rotated'))
  })

  test('finds the keys wrong that were made before, and shows no account more than two of them', async () => {
    const before = place.realm.exchanges.length
    const ended = await s4u(['keytab', 'check', place.at('made')], place.as('x'))
    expect(ended.status).toBe(1)
    expect(ended.stdout).toMatch(/^2 +aes256-cts-hmac-sha1-96 +wrong +svc-web@AD\.TEST$/m)
    const wrong = place.realm.exchanges.slice(before).filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED')
    expect(wrong.length).toBeLessThanOrEqual(2)
  })

  test('finds a keytab useless that has old keys only, and refuses it', async () => {
    const old = Keytab.decode(readFileSync(place.at('svc-web.keytab'))).entries.filter(
      ({ kvno, principal }) => kvno === 2 && formatPrincipal(principal).startsWith('HTTP/web'),
    )
    writeFileSync(place.at('old.keytab'), new Keytab(old).encode(), { mode: 0o600 })
    await s4uOk(['kinit', '-t', place.at('svc-web.keytab')], place.as('asker'))
    const ended = await s4u(
      ['keytab', 'check', place.at('old.keytab'), '-c', `FILE:${place.at('asker')}`],
      place.as('asker'),
    )
    expect(ended.stdout).toMatch(/^2 +\S+ +old +HTTP\/web\.ad\.test@AD\.TEST$/m)
    expect(ended.status).toBe(1)
  })

  test('keeps the rights of the keytab and the link to it, but no rights of everybody', async () => {
    const [file, link] = [place.at('shared.keytab'), place.at('link.keytab')]
    writeFileSync(file, readFileSync(place.at('svc-web.keytab')))
    chmodSync(file, 0o644)
    symlinkSync(file, link)
    await s4uOk(['keytab', 'merge', '--force', place.at('svc-web.keytab'), '-o', link], place.as('x'))
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o640)
  })

  test('ends with its own exit code where nobody reads what it prints', async () => {
    const command = `"${process.execPath}" "${program}" keytab check "${place.at('made')}"; echo "ended with $?" >&2`
    const ended = await runToEnd('bash', ['-c', `(${command}) | true`], place.as('x'))
    expect(ended.stderr).toContain('ended with 1')
  })

  test('prunes only what the KDC has replaced, and longer ago than a ticket lives', async () => {
    const path = place.at('pruned.keytab')
    const { entries } = Keytab.decode(readFileSync(place.at('svc-web.keytab')))
    const agedBy = (hours: number) => {
      const aged = entries.map((entry) => ({ ...entry, timestamp: Date.now() - hours * 3_600_000 }))
      writeFileSync(path, new Keytab(aged).encode(), { mode: 0o600 })
    }
    const versions = () => [...new Set(entriesIn('pruned.keytab').map((entry) => entry[0]))]
    agedBy(9)
    const { stdout } = await s4uOk(['keytab', 'prune', path], place.as('x'))
    expect(stdout).toContain('Nothing was dropped.')
    expect(stdout).toMatch(/^Version 2 of HTTP\/web\.ad\.test@AD\.TEST stays until \d{4}-/m)
    expect(versions()).toEqual(['3', '2'])
    agedBy(11)
    await s4uOk(['keytab', 'prune', path, '-l', '1d'], place.as('x'))
    expect(versions()).toEqual(['3', '2'])
    const { dropped, staying } = await s4uJson(['keytab', 'prune', path], place.as('x'))
    expect(staying).toEqual([])
    expect(new Set((dropped as { kvno: number }[]).map(({ kvno }) => kvno))).toEqual(new Set([2]))
    expect(versions()).toEqual(['3'])
    const ended = await s4u(['keytab', 'prune', path, '-l', 'soon'], place.as('x'))
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('-l is no time') })
  })

  test('leaves old keys out with --drop-old', async () => {
    await s4uOk(['keytab', 'rotate', '--drop-old', place.at('svc-web.keytab')], place.as('x'))
    expect(new Set(entriesIn('svc-web.keytab').map((entry) => entry[0]))).toEqual(new Set(['4']))
  })

  test('leaves the keytab as it is where the password may not be changed', async () => {
    await s4uOk(['keytab', 'list', place.at('svc-api.keytab')], place.as('x'))
    const before = readFileSync(place.at('svc-api.keytab'))
    writeFileSync(`${place.at('svc-api.keytab')}.new-password`, 'left over\n')
    const ended = await s4u(['keytab', 'rotate', place.at('svc-api.keytab')], place.as('x'))
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('an earlier run has not ended') })
    expect(readFileSync(place.at('svc-api.keytab'))).toEqual(before)
  })
})
