import { formatPrincipal, type Key } from '@s4u/krb5'
import { requestTgt } from '../as-exchange/as-exchange.js'
import type { SignIn } from '../credentials/authority.js'
import { KdcError } from '../errors/kdc-errors.js'
import { type CacheMiss, tell } from '../events/events.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { FastRealms } from '../fast/fast-realms.js'
import { ownArmor } from '../fast/own-armor.js'
import type { SignInArmor } from '../fast/sign-in-armor.js'
import { SignInBackoff } from './sign-in-backoff.js'
import type { HeldTgt, ObtainedTgt, TgtSource } from './tgt-source.js'

export interface SignedInTgtDeps {
  readonly signIn: SignIn
  readonly now: () => number
  /** Remembers which realms offer FAST. */
  readonly fast: FastRealms
  readonly armor: SignInArmor | 'own' | 'off'
  readonly held: () => HeldTgt
}

/** Gets the ticket-granting ticket by signing in, with a password or a keytab. */
export class SignedInTgt implements TgtSource {
  readonly #signIn: SignIn
  readonly #armor: SignInArmor | undefined
  readonly #backoff: SignInBackoff
  /** The last sign-in failed. */
  #isWary = false

  constructor({ signIn, now, fast, armor, held }: SignedInTgtDeps) {
    this.#signIn = signIn
    this.#backoff = new SignInBackoff(now)
    const own = (): SignInArmor =>
      ownArmor(fast, signIn.isGuessable === true, () => ({ ...held(), isWary: this.#isWary, now: now() }))
    this.#armor = armor === 'own' ? own() : armor === 'off' ? undefined : armor
  }

  async obtain(context: KdcContext, keep: () => void, cache: CacheMiss): Promise<ObtainedTgt> {
    const account = formatPrincipal(this.#signIn.principal)
    const told = { step: 'AS', account, target: 'krbtgt', cache, shownAs: context.shownAs } as const
    let isReduced = false
    const signIn = async () => {
      const result = await this.#signInOnce(context, keep)
      isReduced = result.isReduced
      return result.tgt
    }
    return { tgt: await tell(told, signIn, context.journal), isReduced }
  }

  async #signInOnce(context: KdcContext, keep: () => void): Promise<ObtainedTgt> {
    const signIn = this.#signIn
    const armor = this.#armor
    const backoff = this.#backoff
    await backoff.admit(async () => (await signIn.reread?.()) ?? false)
    const tried: Key[] = []
    try {
      const result = await requestTgt(withSignInEtypes(context), signIn, {
        ...(armor && { armor }),
        again: backoff.hasWrongKey,
        onProof: (key) => {
          tried.push(key)
          // From here on the answer is waited for, even if all callers give up: otherwise the next
          // caller would try a wrong key again, and lock the account.
          keep()
        },
      })
      this.#isWary = false
      backoff.noteSuccess(tried)
      return result
    } catch (error) {
      this.#isWary = true
      if (error instanceof KdcError) backoff.noteRefusal(error, tried)
      throw error
    }
  }
}

/** Returns the context with the encryption types of sign-in. The clock stays the same object. */
function withSignInEtypes(context: KdcContext): KdcContext {
  return context.signInEtypes === undefined ? context : { ...context, etypes: context.signInEtypes }
}
