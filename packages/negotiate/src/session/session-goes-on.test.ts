import { expect, test } from 'vitest'
import { MemoryEndedSessions } from './ended-sessions.js'
import type { IsRevoked, Session } from './session-revocation.js'
import { Sessions } from './sessions.js'

const session: Session = {
  ...{ kind: 'cookie', id: 'a', principal: 'alice@AD.TEST', authenticationMethod: 'form' },
  ...{ startedAt: 0, expiresAt: 1_000 },
}

const ended = new MemoryEndedSessions({ now: () => 0 })

function sessions(isRevoked: IsRevoked, now = 0): Sessions {
  const nobody = (): never => expect.unreachable('no caller is found here')
  return new Sessions(
    { kind: 'cookie', keys: ['k'.repeat(32)], isRevoked, ended },
    {
      acceptor: { identify: nobody, ready: nobody } as never,
      rules: () => '',
      now: () => now,
      random: (length) => new Uint8Array(length),
      callerOf: nobody,
    },
  )
}

test('a session goes on until it has expired, was revoked, has ended, or nobody can tell', async () => {
  const good = sessions(() => false)
  expect(await good.goesOn(session)).toBe(true)
  expect(await sessions(() => false, 1_000).goesOn(session)).toBe(false)
  expect(await sessions(() => true).goesOn(session)).toBe(false)
  expect(await sessions(() => Promise.reject(new Error('the store is away'))).goesOn(session)).toBe(false)
  await good.forget(session)
  expect(await good.goesOn(session)).toBe(false)
})
