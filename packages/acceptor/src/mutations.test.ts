import { expect, test } from 'vitest'
import { issue, tokenOf } from './fixtures/issued-token.js'
import { accepted, acceptorWith } from './fixtures/outcomes.js'

/** A generator of its own, so that a failure can be had again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/**
 * Octets of a token that nothing protects: names and numbers of the ticket in clear text, the
 * framing's request flags.
 */
async function acceptedMutations(framing: 'spnego' | 'krb5', count: number): Promise<string[]> {
  const random = randomFrom(framing.length)
  const acceptor = acceptorWith({ replayCache: false })
  const token = tokenOf(issue(), { framing })
  const surprises: string[] = []
  const whole = JSON.stringify(accepted(await acceptor.accept(token)).identity)
  let refusals = 0
  for (let i = 0; i < count; i++) {
    const mutated = mutate(token, random)
    const outcome = await acceptor.accept(mutated)
    if (outcome.status === 'refused') refusals++
    if (outcome.status !== 'accepted') continue
    // What is accepted must be the same claim: sealed parts as they were.
    const sealed = Buffer.from(token.subarray(token.length - 150)).toString('hex')
    if (!Buffer.from(mutated).toString('hex').includes(sealed)) surprises.push(Buffer.from(mutated).toString('hex'))
    const identity = JSON.stringify(outcome.identity)
    if (identity !== whole) surprises.push(identity)
  }
  // The few that are accepted were changed where nothing is sealed, or not at all.
  expect(refusals / count).toBeGreaterThan(0.9)
  return surprises
}

function mutate(token: Uint8Array, random: (below: number) => number): Uint8Array {
  const octets = [...token]
  for (let changes = 1 + random(3); changes > 0; changes--) {
    // Half of the time where the structure is: at the front.
    const at = random(random(2) === 0 ? octets.length : Math.min(octets.length, 200))
    const kind = random(4)
    if (kind === 0) octets[at] ^= 1 << random(8)
    else if (kind === 1) octets[at] = random(256)
    else if (kind === 2) octets.splice(at, 1 + random(8))
    else octets.splice(at, 0, ...Array.from({ length: 1 + random(8) }, () => random(256)))
  }
  return Uint8Array.from(octets)
}

test.each(['spnego', 'krb5'] as const)(
  'no mutation of a %s token makes the acceptor throw, or lets another claim in',
  async (framing) => {
    expect(await acceptedMutations(framing, 20_000)).toEqual([])
  },
  30_000,
)

test('every single flipped bit of the sealed parts is refused', async () => {
  const acceptor = acceptorWith({ replayCache: false })
  const { ticket } = issue()
  const credential = { ...issue(), ticket }
  const token = tokenOf(credential, { framing: 'krb5' })
  const start = Buffer.from(token).indexOf(ticket.encPart.cipher)
  const end = start + ticket.encPart.cipher.length
  const surprises: string[] = []
  for (let at = start; at < token.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = token.slice()
      flipped[at] ^= 1 << bit
      const outcome = await acceptor.accept(flipped)
      // Between the two sealed parts stands the authenticator's header, of which kvno and etype are
      // checked too.
      if (outcome.status !== 'refused')
        surprises.push(`bit ${bit} of octet ${at} of ${token.length} (ticket ends at ${end})`)
    }
  }
  expect(surprises).toEqual([])
}, 60_000)

test('random octets never make the acceptor throw', async () => {
  const random = randomFrom(42)
  const acceptor = acceptorWith()
  for (let i = 0; i < 20_000; i++) {
    const octets = Uint8Array.from({ length: random(64) }, () => random(256))
    if (random(2) === 0 && octets.length > 2) octets.set([0x60, octets.length - 2])
    expect((await acceptor.accept(octets)).status).toBe('refused')
  }
})
