import { readFileSync } from 'node:fs'
import type { SiteSettings } from '../configuration/gateway-options.js'
import type { Operation } from '../operation/operation.js'
import { InnerServerError } from '../requests/inner-server-error.js'
import { nameOfSite } from '../requests/name-of-site.js'
import type { CallerRequest } from '../requests/steps.js'
import { cookieIn, preferredBy, tagOf } from './affinity.js'
import type { ChosenMember, Farm, FarmMember } from './farm.js'
import { isWell } from './health-check.js'
import { MemberState } from './member-state.js'

export interface FarmDeps {
  readonly operation: Pick<Operation, 'alert' | 'memberIs'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Returns the inner servers of a site. Each request goes to the member of its user, where affinity
 * is asked for, else where least is under way. A member that could not be reached rests; one that
 * fails its health checks gets nothing until it answers again.
 */
export function createFarm(site: SiteSettings, deps: FarmDeps): Farm {
  return new SiteFarm(site, deps)
}

/** Without health checks a member never goes down: it only rests. */
const WITHOUT_CHECKS = { fall: Infinity, rise: 1 }

class SiteFarm implements Farm {
  readonly members: readonly FarmMember[]
  readonly #site: SiteSettings
  readonly #deps: FarmDeps
  readonly #states: readonly MemberState[]
  readonly #timers: NodeJS.Timeout[] = []
  #turn = 0

  constructor(site: SiteSettings, deps: FarmDeps) {
    const { farm } = site
    const drained = new Set(farm.draining.map(({ href }) => href))
    const rules = { retryTime: farm.retryTime, ...(farm.health ?? WITHOUT_CHECKS) }
    this.#site = site
    this.#deps = deps
    this.members = site.to.map((url) => Object.freeze({ url, name: nameOf(url) }))
    this.#states = this.members.map(
      (member) => new MemberState(member, drained.has(member.url.href), rules, () => deps.now()),
    )
    for (const state of this.#states) this.#tell(state)
    if (farm.health !== undefined) this.#watch(farm.health)
  }

  choose(request: CallerRequest, tried: readonly FarmMember[] = []): ChosenMember {
    const left = this.#states.filter(({ member }) => !tried.includes(member))
    const { affinity, cookie } = this.#site.farm
    const shown = affinity === 'cookie' ? cookieIn(cookieHeaderOf(request), cookie) : undefined
    const own = shown === undefined ? undefined : left.find((state) => tagOf(state) === shown)
    const state = own?.health === 'up' ? own : this.#pick(left, request)
    if (state === undefined) throw noMember(this.#site)
    return this.#chosen(state, affinity === 'cookie' && shown !== tagOf(state) ? this.#setCookie(state, request) : {})
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  /**
   * Members that are up come first, then those that rest: where all do, one is tried all the same.
   * One that drains is taken only where there is no other.
   */
  #pick(left: readonly MemberState[], { clientAddress }: CallerRequest): MemberState | undefined {
    for (const health of ['up', 'resting'] as const) {
      const fit = left.filter((state) => state.health === health)
      const fresh = fit.filter(({ draining }) => !draining)
      const among = fresh.length > 0 ? fresh : fit
      if (among.length === 0) continue
      if (this.#site.farm.affinity === 'address') return preferredBy(clientAddress ?? '', among)[0]
      return this.#leastBusy(among)
    }
    return undefined
  }

  /** Takes turns among those where least is under way. */
  #leastBusy(among: readonly MemberState[]): MemberState {
    const least = Math.min(...among.map(({ underWay }) => underWay))
    const idle = among.filter(({ underWay }) => underWay === least)
    return idle[this.#turn++ % idle.length]
  }

  #chosen(state: MemberState, answerHeaders: ChosenMember['answerHeaders']): ChosenMember {
    let isOver = false
    state.begun()
    return {
      member: state.member,
      answerHeaders,
      ended: (how) => {
        if (isOver) return
        isOver = true
        const before = state.health
        state.ended(how)
        if (state.health !== before) this.#tell(state)
      },
    }
  }

  #setCookie(state: MemberState, { scheme }: CallerRequest): ChosenMember['answerHeaders'] {
    const secure = scheme === 'https' ? '; Secure' : ''
    return { 'Set-Cookie': `${this.#site.farm.cookie}=${tagOf(state)}; Path=/; HttpOnly${secure}; SameSite=Lax` }
  }

  #watch(health: NonNullable<SiteSettings['farm']['health']>): void {
    const { tls } = this.#site
    const ca = tls?.ca === undefined ? undefined : readFileSync(tls.ca, 'utf8')
    for (const state of this.#states) {
      const url = new URL(health.path, state.member.url)
      const check = async (): Promise<void> => {
        if (state.checked(await isWell({ url, timeout: health.timeout, ca }))) this.#tell(state)
      }
      void check()
      this.#timers.push(setInterval(() => void check(), health.interval).unref())
    }
  }

  #tell({ member, health, draining }: MemberState): void {
    this.#deps.operation.memberIs(
      nameOfSite(this.#site),
      member.name,
      health === 'up' && draining ? 'draining' : health,
    )
  }
}

function noMember(site: SiteSettings): InnerServerError {
  return new InnerServerError(`no inner server of ${nameOfSite(site)} can be reached`, {
    code: 'S4U_NO_MEMBER',
    status: 503,
    hint: 'See the lines before this one for each member. Where farm.health is set, its path must answer with a status below 500.',
  })
}

function cookieHeaderOf({ request }: CallerRequest): string | undefined {
  return request.headers.cookie
}

/** Returns what logs call a member: `orders1.ad.test:443`. */
function nameOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`
}
