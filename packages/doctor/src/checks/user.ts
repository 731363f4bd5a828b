import type { DirectoryAccount } from '@s4u/directory'
import { DelegationRefusedError, directorySettings, isForwardable } from '@s4u/kdc-client'
import type { Check } from '../engine/check.js'
import { failed, ok, skipped, type Verdict, warning } from '../engine/finding.js'
import { verdictOfError } from '../engine/run-checks.js'
import * as repair from '../repairs/account-changes.js'
import { headerLength } from '../facts/own-token.js'
import type { ServiceFacts } from '../facts/service-facts.js'
import { faultsOf } from './account.js'

/** The user in whose name the service acts. */
export const userChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'user-realm',
    title: 'There is a path of trusts to the realm of the user',
    needs: ['sign-in'],
    unless: ['trusts'],
    run: async (facts) => {
      const realm = /@([^@]+)$/.exec(facts.options.as ?? '')?.[1]
      const own = await facts.realm()
      if (realm === undefined || realm.toUpperCase() === own.toUpperCase()) return []
      const client = await facts.client()
      if (await client.trusts(realm)) return [ok(`${own} has a path to ${realm}.`)]
      return [
        failed(`${own} has no path to ${realm}.`, {
          why: 'The KDC of the user cannot be asked in the name of this service.',
          hint: 'Check the spelling of the realm, and the trust (on Active Directory: Get-ADTrust -Filter *).',
        }),
      ]
    },
  },
  {
    name: 'user',
    title: 'The user may be delegated',
    needs: ['directory'],
    unless: ['trusts', 'user-realm'],
    run: async (facts) => {
      const { as } = facts.options
      const [directory, user] = await Promise.all([facts.directory(), facts.user()])
      if (as === undefined || directory === undefined) return []
      if (user === undefined)
        return [failed(`The directory has no user ${as}.`, { hint: 'Name the user as alice@CORP.TEST.' })]
      return userVerdicts(user)
    },
  },
  {
    name: 's4u2self',
    title: 'The KDC gives the service a ticket in the name of the user (S4U2Self)',
    needs: ['keytab-current'],
    unless: ['trusts', 'user', 'user-realm'],
    run: s4u2selfVerdicts,
  },
  {
    name: 'pac',
    title: 'The ticket tells who the user is and in which groups',
    needs: ['s4u2self'],
    run: async (facts) => (facts.options.as === undefined ? [] : [await pacVerdict(facts)]),
  },
  {
    name: 's4u2proxy',
    title: 'The KDC lets the service go on to each target in the name of the user (S4U2Proxy)',
    needs: ['s4u2self'],
    unless: ['tgt-forwardable', 'target-registered', 'target-account', 'target-allowed'],
    run: s4u2proxyVerdicts,
  },
]

const PROTECTED = 'The directory wants it so for this user: any service could act in that name afterwards.'

function userVerdicts(user: DirectoryAccount): readonly Verdict[] {
  // An administrator has set these flags on purpose. The doctor does not remove them without being
  // told to.
  const verdicts: Verdict[] = faultsOf(user).map((fault) => ({ ...fault, risk: PROTECTED }))
  const { delegation, state, name, principal, authenticationPolicy, authenticationSilo } = user
  if (delegation.sensitive)
    verdicts.push(
      failed(`${name} is marked "sensitive and cannot be delegated".`, {
        why: 'No service may act in the name of that user, which the directory wants so.',
        risk: PROTECTED,
        settings: [directorySettings.clearSensitive(principal)],
        changes: repair.notSensitive(user),
      }),
    )
  if (state.protectedUser)
    verdicts.push(
      failed(`${name} is in Protected Users.`, {
        why: 'No service may act in the name of its members.',
        risk: PROTECTED,
        settings: [directorySettings.leaveProtectedUsers(principal)],
        changes: repair.leaveProtectedUsers(user),
      }),
    )
  const policy = authenticationPolicy ?? authenticationSilo
  if (policy !== undefined)
    verdicts.push(
      warning(`${name} has the authentication policy ${policy}.`, {
        why: 'It may limit from where the user signs in, and to which services.',
      }),
    )
  if (verdicts.length > 0) return verdicts
  return [ok(`${name} is ${user.dn}, in ${user.groupSids.length} groups.`)]
}

async function s4u2selfVerdicts(facts: ServiceFacts): Promise<readonly Verdict[]> {
  const { as } = facts.options
  if (as === undefined) return []
  const ticket = await facts.userTicket()
  if (isForwardable(ticket)) return [ok(`The KDC gives a forwardable ticket in the name of ${as}.`)]
  const found = `The KDC gives a ticket in the name of ${as} that is not forwardable.`
  if (!facts.wantsDelegation) return [ok(`${found} Nothing is to be called with it.`)]
  // Whether a target takes such a ticket is told by the checks of targets, and by the KDC there.
  return [ok(`${found} Resource-based delegation takes it.`)]
}

async function pacVerdict(facts: ServiceFacts): Promise<Verdict> {
  const [identity, ticket] = await Promise.all([facts.identity(), facts.userTicket()])
  const size = headerLength(ticket, facts.now)
  if (identity.pac === undefined)
    return warning(`The ticket of ${identity.principal} has no PAC.`, {
      why: 'SIDs and groups are unknown: requireGroup refuses the user. MIT without LDAP and Heimdal send none.',
    })
  const { groups } = identity
  return ok(`${identity.principal} comes with ${groups.length} groups, in a header of ${size} characters.`)
}

async function s4u2proxyVerdicts(facts: ServiceFacts): Promise<readonly Verdict[]> {
  const { as } = facts.options
  if (as === undefined || facts.targets.length === 0) return []
  const client = await facts.client()
  const evidence = await facts.evidence()
  const verdicts: Verdict[] = []
  for (const target of facts.targets) {
    if (await isForKerberosUsersOnly(facts, target)) {
      const found = `Not tried: the service may take only users with a ticket of their own to ${target}.`
      verdicts.push(skipped(found, { subject: target, because: 'protocol-transition' }))
      continue
    }
    const ticket = await client.s4u2proxy(evidence, target).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    verdicts.push({
      subject: target,
      ...(ticket === undefined
        ? ok(`The KDC gives a ticket for ${target} in the name of ${as}.`)
        : verdictOfRefusal(ticket.error, as)),
    })
  }
  return verdicts
}

/**
 * Users who come with a ticket of their own are delegated without protocol transition. The doctor
 * has no ticket of the user, so it cannot see that, and must not ask for a right that widens what
 * the service can do.
 */
function verdictOfRefusal(error: unknown, as: string): Verdict {
  const verdict = verdictOfError(error)
  if (!(error instanceof DelegationRefusedError) || error.reason !== 'protocol-transition-not-allowed') return verdict
  return {
    ...verdict,
    status: 'warning',
    settings: [],
    why: `Nothing is wrong if ${as} comes with a ticket, and may be delegated: that needs no protocol transition. The doctor has no ticket of ${as}, and this KDC does not say whether it refuses the service or the user, nor whether the target is on the list.`,
    hint: 'Send a request of a user with a ticket. Where users sign in by form, certificate or OIDC, the service needs protocol transition, which is a great power: docs/directory-setup.md.',
  }
}

/**
 * A target of the own list needs a forwardable ticket, which only protocol transition gives for a
 * user.
 */
async function isForKerberosUsersOnly(facts: ServiceFacts, target: string): Promise<boolean> {
  const account = await facts.account()
  if (account === undefined || account.delegation.protocolTransition) return false
  return account.delegation.allowedToDelegateTo.some((spn) => spn.toLowerCase() === target.toLowerCase())
}
