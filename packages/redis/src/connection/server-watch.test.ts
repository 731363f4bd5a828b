import { expect, test, vi } from 'vitest'
import { ServerWatch } from './server-watch.js'

/** A watch by a clock of ours, on one master that is another one after `failOver`. */
function watchAt(now: number, serverTime: () => number) {
  let run = 1
  const onAnotherMaster = vi.fn()
  const watch = new ServerWatch({
    now: () => now,
    timeLimit: 100,
    ask: (question) => question(),
    masters: async () => [
      {
        run: async ([name, section]) =>
          name === 'TIME'
            ? [String(Math.floor(serverTime() / 1_000)), String((serverTime() % 1_000) * 1_000)]
            : section === 'server'
              ? `run_id:${run}\r\n`
              : 'maxmemory:0\r\nmaxmemory_policy:noeviction\r\n',
      },
    ],
    onNotice: () => {},
    onAnotherMaster,
  })
  const failOver = (): void => {
    run++
    watch.suspect()
  }
  return { watch, failOver, onAnotherMaster }
}

const TRUE_TIME = 1_800_000_000_000

test.each([-2_000, 0, 2_000])(
  'an instance whose clock is %d ms ahead judges tokens from when the new master itself was seen',
  async (ahead) => {
    const { watch, failOver, onAnotherMaster } = watchAt(TRUE_TIME + ahead, () => TRUE_TIME)
    await watch.look()
    expect(watch.anotherMasterSince).toBe(-Infinity)
    failOver()
    await watch.look()
    expect(watch.anotherMasterSince).toBe(TRUE_TIME)
    expect(onAnotherMaster).toHaveBeenCalledTimes(1)
  },
)

test('the same master, looked at again, has forgotten nothing', async () => {
  const { watch, onAnotherMaster } = watchAt(TRUE_TIME, () => TRUE_TIME)
  await watch.look()
  watch.suspect()
  await watch.look()
  expect([watch.anotherMasterSince, onAnotherMaster.mock.calls]).toEqual([-Infinity, []])
})
