import { ConfigurationError, formatPrincipal } from '@s4u/krb5'
import type { ReadyTicket } from '../credentials/authority.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { isRenewable, renew } from '../tgs-exchange/ticket-renewal.js'
import type { Tgt } from '../tickets/granting-ticket.js'
import { refreshTime } from '../tickets/ticket-times.js'
import type { HeldTgt, ObtainedTgt, TgtSource } from './tgt-source.js'

/** Takes the ticket-granting ticket that a credential cache has now, or that a user forwarded. */
export class GivenTgt implements TgtSource {
  readonly #given: ReadyTicket
  readonly #held: () => HeldTgt

  constructor(given: ReadyTicket, held: () => HeldTgt) {
    this.#given = given
    this.#held = held
  }

  async obtain(context: KdcContext): Promise<ObtainedTgt> {
    return { tgt: await this.#find(context), isReduced: false }
  }

  /** Returns the ticket that is in the file now, renewed if it is near its end. */
  async #find(context: KdcContext): Promise<Tgt> {
    const { current, suspect } = this.#held()
    const now = context.clock.now()
    const given = await this.#given.tgt()
    const best = current && current !== suspect && current.expiresAt > given.expiresAt ? current : given
    if (now < refreshTime(best)) return best
    if (isRenewable(best, now)) {
      const renewed = await renew(context, best).catch(() => undefined)
      if (renewed) return renewed
    }
    if (now < best.expiresAt) return best
    throw new ConfigurationError(`the ticket-granting ticket of ${formatPrincipal(best.client)} has expired`, {
      code: 'KRB_AP_ERR_TKT_EXPIRED',
      hint: `Run kinit ${formatPrincipal(best.client)}, or sign in with a keytab, which needs no renewing.`,
    })
  }
}
