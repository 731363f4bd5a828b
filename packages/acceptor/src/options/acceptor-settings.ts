import { ConfigurationError, requireLogger, requireOneOf, sameRealmIgnoringCase, shownInput } from '@s4u/krb5'
import type { Krb5Conf, LocalNameMapping, RandomSource } from '@s4u/krb5'
import type { EtypePermission } from '../checks/ap-req-checks.js'
import type { ChannelBindingPolicy } from '../checks/channel-binding.js'
import type { AcceptorOptions } from './acceptor-options.js'
import { clockSkewOf, krb5ConfOf, etypePermissionOf } from './krb5-conf-settings.js'
import { DomainSids } from '../pac-authority/domain-sids.js'
import { type ForeignStatements, foreignStatementsOf } from '../pac-authority/foreign-statements.js'
import { vouchersOf, type Vouches } from '../pac-authority/vouchers.js'
import { processReplayMemory, warnOfWorkers } from '../replay/process-replay-memory.js'
import { localNameMapping } from '../identity/local-names.js'
import type { ReplayStore } from '../replay/replay-store.js'

/** The options, checked and with their defaults. */
export interface AcceptorSettings {
  readonly clockSkew: number
  readonly now: () => number
  readonly random: RandomSource | undefined
  readonly replayStore: ReplayStore | undefined
  /**
   * An object that acceptors with the same store have in common: it marks a request whose token was
   * already checked.
   */
  readonly replayMemory: object
  /** How long after its own time an authenticator is remembered, in milliseconds. */
  readonly rememberedFor: number
  readonly acceptWithoutReplayStore: boolean
  readonly channelBinding: ChannelBindingPolicy
  readonly requirePac: (realm: string) => boolean
  /** Whether callers without a PAC count as callers in no group. */
  readonly noPacMeansNoGroups: boolean
  readonly domainSids: DomainSids
  readonly foreignPac: ForeignStatements
  readonly mayVouchFor: Vouches
  readonly permits: EtypePermission
  readonly trustedRealms: readonly string[] | undefined
  readonly allowAnonymous: boolean
  readonly checkAddresses: boolean
  readonly useForwardedTickets: boolean
  readonly openedTicketCacheSize: number
  readonly localName: LocalNameMapping
}

/**
 * The limit of `clockSkew`. More would be no check at all, and the replay cache must hold twice as
 * long.
 */
const MAX_CLOCK_SKEW = 3_600_000

/** What Windows, MIT and Heimdal allow by default. */
const DEFAULT_CLOCK_SKEW = 300_000

/**
 * What is added to `clockSkew` to get the time for which an authenticator is remembered: after
 * `clockSkew` it is refused for its time anyway, and one second covers the fraction in cusec. A
 * shared store remembers for another `clockSkew`, because its clock and the clocks of other
 * instances may differ from ours. Otherwise the store could forget a token while a slow instance
 * still accepts it, and the token could be replayed there.
 */
const FRACTION = 1_000

/**
 * How many opened tickets are kept: the users of one service in a busy hour. Their memory has a
 * limit of its own.
 */
const DEFAULT_OPENED_TICKETS = 4_096

/**
 * Checks the options and returns the settings.
 * @throws ConfigurationError
 */
export function checkOptions(options: AcceptorOptions, conf: Krb5Conf = krb5ConfOf(options)): AcceptorSettings {
  const { now = Date.now, replayCache, requirePac } = options
  const skew = options.clockSkew ?? clockSkewOf(conf) ?? DEFAULT_CLOCK_SKEW
  const clockSkew = numberWithin('clockSkew', skew, 0, MAX_CLOCK_SKEW)
  const channelBinding = requireOneOf('channelBinding', options.channelBinding, ['off', 'allow', 'require']) ?? 'off'
  const onReplayStoreDown =
    requireOneOf('onReplayStoreDown', options.onReplayStoreDown, ['refuse', 'accept']) ?? 'refuse'
  const forwarded = requireOneOf('forwardedTickets', options.forwardedTickets, ['ignore', 'use']) ?? 'ignore'
  const domainSids = new DomainSids(options.domainSids)
  requireLogger(options.logger)
  return {
    clockSkew,
    now,
    random: options.random,
    ...replaySettings(replayCache, now, clockSkew),
    acceptWithoutReplayStore: onReplayStoreDown === 'accept',
    channelBinding,
    requirePac: requirePacOf(requirePac, domainSids),
    noPacMeansNoGroups: requirePac === false,
    domainSids,
    foreignPac: foreignStatementsOf(options.foreignPac),
    mayVouchFor: vouchersOf(options.mayVouchFor),
    permits: etypePermissionOf(options, conf),
    trustedRealms: options.trustedRealms,
    allowAnonymous: options.allowAnonymous ?? false,
    checkAddresses: options.checkAddresses ?? false,
    useForwardedTickets: forwarded === 'use',
    localName: localNameMapping(options.localNames, conf),
    openedTicketCacheSize: numberWithin(
      'openedTicketCacheSize',
      options.openedTicketCacheSize ?? DEFAULT_OPENED_TICKETS,
      0,
      1_000_000,
    ),
  }
}

function replaySettings(
  replayCache: ReplayStore | false | undefined,
  now: () => number,
  clockSkew: number,
): Pick<AcceptorSettings, 'replayStore' | 'replayMemory' | 'rememberedFor'> {
  if (replayCache !== undefined && replayCache !== false && typeof replayCache?.remember !== 'function')
    throw new ConfigurationError('replayCache must be a ReplayStore or false')
  if (replayCache)
    return { replayStore: replayCache, replayMemory: replayCache, rememberedFor: 2 * clockSkew + FRACTION }
  const rememberedFor = clockSkew + FRACTION
  if (replayCache === undefined) warnOfWorkers()
  const replayMemory = processReplayMemory()
  const replayStore = replayCache === false ? undefined : replayMemory.storeFor(now, rememberedFor)
  return { replayStore, replayMemory, rememberedFor }
}

/**
 * Returns the configured service names as a list.
 * @throws ConfigurationError
 */
export function servicesOf({ service }: AcceptorOptions): readonly string[] | undefined {
  const services = typeof service === 'string' ? [service] : service
  if (services !== undefined && !Array.isArray(services))
    throw new ConfigurationError(`service must be a text or a list of texts, not ${shownInput(service)}`)
  if (services?.length === 0) throw new ConfigurationError('service must name at least one principal')
  return services
}

/**
 * Returns whether a realm's tickets must have a PAC. Letter case does not count: a realm that is
 * written differently in options and tickets must not go unchecked.
 */
function requirePacOf(realms: AcceptorOptions['requirePac'], domainSids: DomainSids): AcceptorSettings['requirePac'] {
  if (realms === undefined) return (realm) => typeof domainSids.of(realm) === 'string'
  if (typeof realms === 'boolean') return () => realms
  if (!Array.isArray(realms) || realms.some((one) => typeof one !== 'string')) {
    throw new ConfigurationError(`requirePac must be true, false or a list of realms, not ${shownInput(realms)}`)
  }
  return (realm) => realms.some((one) => sameRealmIgnoringCase(one, realm))
}

function numberWithin(name: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw new ConfigurationError(`${name} must be a whole number from ${minimum} to ${maximum}, not ${shownInput(value)}`)
}
