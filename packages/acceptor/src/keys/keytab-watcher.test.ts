import type { Keytab } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { keytabOf } from '../fixtures/issued-token.js'
import { KeytabWatcher } from './keytab-watcher.js'

/** A place whose looks end when the test says so. */
class Place {
  readonly name = 'a place'
  readonly urgent: boolean[] = []
  readonly #ends: ((keytab: Keytab | undefined) => void)[] = []

  loadNow(): Keytab | undefined {
    return undefined
  }

  loadIfChanged(_clock: () => number, urgent: boolean): Promise<Keytab | undefined> {
    this.urgent.push(urgent)
    return new Promise((resolve) => this.#ends.push(resolve))
  }

  end(keytab?: Keytab): void {
    this.#ends.shift()?.(keytab)
  }
}

const nothing = { changed: () => {}, failed: () => {} }
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('looks that are asked for while one is under way', () => {
  test('are one more, urgent when one of them is', async () => {
    const place = new Place()
    const watched = new KeytabWatcher(place, Date.now, nothing)
    const first = watched.refresh(false)
    const second = watched.refresh(false)
    expect(watched.refresh(true)).toBe(second)
    expect(watched.refresh(false)).toBe(second)
    place.end()
    await first
    await settled()
    expect(place.urgent).toEqual([false, true])
    place.end()
    await second
    expect(place.urgent).toEqual([false, true])
  })

  test('and urgency is not passed on to those after', async () => {
    const place = new Place()
    const watched = new KeytabWatcher(place, Date.now, nothing)
    void watched.refresh(false)
    const urgent = watched.refresh(true)
    place.end()
    await settled()
    const calm = watched.refresh(false)
    place.end()
    await urgent
    await settled()
    place.end(keytabOf())
    await calm
    expect(place.urgent).toEqual([false, true, false])
    expect(watched.keytab?.principals).toEqual(keytabOf().principals)
  })
})
