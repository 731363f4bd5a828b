import type { DirectoryTrust } from '@s4u/directory'
import { type DirectorySetting, directorySettings } from '@s4u/kdc-client'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** The trusts of the domain of the service: who may come from elsewhere, and with which SIDs. */
export const trustsLetIn: Check<ServiceFacts> = {
  name: 'trusts',
  title: 'Users of trusted domains may come, with SIDs of their own only',
  needs: ['directory'],
  run: async (facts) => {
    const directory = await facts.directory()
    if (directory === undefined) return []
    const realm = realmOfUser(facts.options.as)
    const isReached = realm === undefined ? undefined : await (await facts.client()).trusts(realm.toUpperCase())
    const about = { domain: directory.domain, realmOfUser: realm, isReached }
    return (await directory.trusts()).flatMap((trust) => verdictsOf(trust, about))
  },
}

interface About {
  /** That of the service, in DNS. */
  readonly domain: string
  /** In small letters; undefined where no user of another realm is looked at. */
  readonly realmOfUser: string | undefined
  /** Whether the KDC leads to that realm. */
  readonly isReached: boolean | undefined
}

function verdictsOf(trust: DirectoryTrust, about: About): readonly Verdict[] {
  const subject = trust.partner
  const direction = directionVerdict(trust, about)
  if (direction !== undefined) return [{ ...direction, subject }]
  const troubles = [selectiveVerdict(trust, about), filteringVerdict(trust, about)].filter((one) => one !== undefined)
  const found = troubles.length > 0 ? troubles : [ok(sentenceOf(trust))]
  return found.map((verdict) => ({ ...verdict, subject }))
}

/** Undefined where users of the other domain may come. */
function directionVerdict({ partner, letsIn, letsOut }: DirectoryTrust, about: About): Verdict | undefined {
  if (letsIn) return undefined
  const found = letsOut
    ? `The trust with ${partner} goes one way: its users may not come to ${about.domain}.`
    : `The trust with ${partner} is switched off.`
  if (!isOfUser(partner, about)) return ok(found)
  return failed(found, {
    why: `The KDC of ${about.domain} gives users of ${partner} no tickets.`,
    hint: `Let ${about.domain} trust ${partner} as well: "Active Directory Domains and Trusts", or a new trust with --direction=both of samba-tool domain trust create.`,
  })
}

/**
 * The users who may come are listed at each service ("allowed to authenticate"), which is a wish of
 * the administrators and no fault; for the user who is looked at it may be the reason of a refusal.
 * Samba knows no such list, and lets none of them come.
 */
function selectiveVerdict(trust: DirectoryTrust, about: About): Verdict | undefined {
  const { partner, selectiveAuthentication } = trust
  if (!selectiveAuthentication || !isOfUser(partner, about)) return undefined
  const say = about.isReached === false ? failed : warning
  return say(`Users of ${partner} may use only services that list them (selective authentication).`, {
    why: 'The KDC refuses users who are not listed (KDC_ERR_POLICY).',
    hint: 'On Active Directory list the user at the account of the service, on its page "Security", as "Allowed to authenticate". The command lets all of them in.',
    settings: [directorySettings.letAllIn(about.domain, partner)],
    risk: 'The administrators have set it so: all users of the other domain may sign in everywhere afterwards.',
  })
}

function filteringVerdict({ partner, kind, sidFiltering }: DirectoryTrust, { domain }: About): Verdict | undefined {
  if (sidFiltering !== false) return undefined
  const setting: DirectorySetting =
    kind === 'forest'
      ? directorySettings.refuseSidHistory(domain, partner)
      : directorySettings.quarantine(domain, partner)
  return warning(`SIDs in tickets of ${partner} are not filtered.`, {
    why: `A controller of ${partner} can put its users into groups of other domains, those of ${domain} included.`,
    settings: [setting],
    risk: 'Groups that users have brought from an earlier domain (sIDHistory) count no longer.',
  })
}

const KINDS: Readonly<Record<DirectoryTrust['kind'], string>> = {
  withinForest: 'of the same forest',
  forest: 'a trusted forest',
  external: 'a trusted domain',
  realm: 'a trusted realm',
}

function sentenceOf({ partner, kind, sidFiltering, selectiveAuthentication }: DirectoryTrust): string {
  const who = selectiveAuthentication ? 'where a service lists them (selective authentication)' : 'to every service'
  const filtered = sidFiltering === true ? '; SIDs of other domains are left out of their tickets' : ''
  return `Users of ${partner}, ${KINDS[kind]}, may come ${who}${filtered}.`
}

/** Whether the user is of that domain, or of one below it. */
function isOfUser(partner: string, { realmOfUser: realm }: About): boolean {
  return realm !== undefined && (realm === partner || realm.endsWith(`.${partner}`))
}

function realmOfUser(user = ''): string | undefined {
  return /@([^@]+)$/.exec(user)?.[1]?.toLowerCase()
}
