import type { DirectoryAccount } from '@s4u/directory'
import { directorySettings } from '@s4u/kdc-client'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import * as repair from '../repairs/account-changes.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** What the directory lets the service do in users' names. */
export const delegationChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'delegation',
    title: 'The kind of delegation is set, and no more than that',
    needs: ['account'],
    unless: ['spn-owner'],
    run: async (facts) => {
      const account = await facts.account()
      return account === undefined ? [] : [kindVerdict(account, facts.wantsDelegation)]
    },
  },
  {
    name: 'protocol-transition',
    title: 'The service may vouch for users who signed in without Kerberos',
    needs: ['account'],
    unless: ['spn-owner'],
    run: async (facts) => {
      const account = await facts.account()
      if (account === undefined || !facts.wantsDelegation) return []
      return [transitionVerdict(account)]
    },
  },
  {
    name: 'target-registered',
    title: 'Each target is registered, on one account',
    needs: ['sign-in', 'directory'],
    run: (facts) => eachTarget(facts, registeredVerdict),
  },
  {
    name: 'target-account',
    title: 'The account of each target is in order',
    needs: ['account', 'target-registered'],
    run: (facts) => eachTarget(facts, targetVerdict),
  },
  {
    name: 'target-allowed',
    title: 'The service is allowed to go on to each target',
    needs: ['account', 'target-registered'],
    unless: ['spn-owner'],
    run: (facts) => eachTarget(facts, allowedVerdict),
  },
]

type TargetCheck = (facts: ServiceFacts, target: string) => Promise<Verdict | undefined>

async function eachTarget(facts: ServiceFacts, check: TargetCheck): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const target of facts.targets) {
    const verdict = await check(facts, target)
    if (verdict) verdicts.push({ subject: target, ...verdict })
  }
  return verdicts
}

function kindVerdict(account: DirectoryAccount, isWanted: boolean): Verdict {
  const { name, principal, delegation } = account
  const { unconstrained, protocolTransition, allowedToDelegateTo } = delegation
  if (unconstrained)
    return warning(`${name} is trusted for delegation to every service (unconstrained).`, {
      why: 'Callers hand it their ticket-granting tickets: whoever takes the service over is all of them, everywhere.',
      settings: [directorySettings.clearUnconstrained(principal)],
      changes: repair.notUnconstrained(account),
      hint: 'Then list the targets: constrained delegation.',
    })
  const kind = protocolTransition ? 'any authentication protocol' : 'Kerberos only'
  if (allowedToDelegateTo.length > 0)
    return ok(`${name} may go on to ${allowedToDelegateTo.length} services (${kind}).`)
  return ok(`${name} has no list of targets${isWanted ? '; each target has to allow it by itself' : ''}.`)
}

function transitionVerdict(account: DirectoryAccount): Verdict {
  const { name, principal, delegation } = account
  const { protocolTransition, allowedToDelegateTo } = delegation
  if (protocolTransition) return ok(`${name} may use any authentication protocol.`)
  // Without a list of its own, resource-based delegation takes tickets that are not forwardable.
  if (allowedToDelegateTo.length === 0) return ok(`${name} vouches for users where a target allows it by itself.`)
  return warning(`${name} may go on with tickets of Kerberos users only.`, {
    why: 'Users who sign in by form, certificate or OIDC cannot be delegated.',
    settings: [directorySettings.allowTransition(principal)],
    changes: repair.allowTransition(account),
  })
}

async function registeredVerdict(facts: ServiceFacts, target: string): Promise<Verdict | undefined> {
  const directory = await facts.directory()
  if (directory === undefined) return undefined
  const owners = await directory.accountsWithSpn(target)
  if (owners.length === 1) return ok(`${target} is on ${owners[0].name}.`)
  if (owners.length > 1) {
    const names = owners.map(({ name }) => name).join(', ')
    return failed(`${target} is on ${owners.length} accounts: ${names}.`, {
      why: 'A KDC does not know with whose key to seal.',
      hint: 'Keep the name on the account whose keytab the target uses (klist -k), and remove the others:',
      risk: 'Which account the target runs as is not known here. Removed from that one, it loses its tickets.',
      code: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
      settings: owners.map(({ principal }) => directorySettings.removeSpn(principal, target)),
    })
  }
  const [host] = await directory.accountsWithSpn(`HOST/${target.split('/')[1] ?? ''}`)
  if (host) return ok(`${target} is not registered itself; HOST/ of ${host.name} stands for it.`)
  return failed(`${target} is not registered.`, {
    why: 'The KDC gives nobody a ticket for it.',
    code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    settings: [directorySettings.addSpn('ACCOUNT', target)],
  })
}

async function ownerOf(facts: ServiceFacts, target: string): Promise<DirectoryAccount | undefined> {
  const directory = await facts.directory()
  const [owner] = (await directory?.accountsWithSpn(target)) ?? []
  return owner ?? (await directory?.accountsWithSpn(`HOST/${target.split('/')[1] ?? ''}`))?.[0]
}

async function targetVerdict(facts: ServiceFacts, target: string): Promise<Verdict | undefined> {
  const owner = await ownerOf(facts, target)
  if (owner === undefined) return undefined
  const { name, principal, state, encryptionTypes } = owner
  if (state.disabled)
    return failed(`${name}, the account of ${target}, is disabled.`, {
      why: 'The KDC gives no tickets for it.',
      settings: [directorySettings.enableAccount(principal)],
      changes: repair.enable(owner),
    })
  if (encryptionTypes !== undefined && !encryptionTypes.some((etype) => etype === 17 || etype === 18))
    return failed(`${name}, the account of ${target}, may have RC4 tickets only.`, {
      why: 'This service asks for AES, so that the KDC has nothing in common with it.',
      code: 'KDC_ERR_ETYPE_NOSUPP',
      settings: [directorySettings.allowAes(principal)],
      changes: repair.allowAes(owner),
    })
  return ok(`${name}, the account of ${target}, is in order.`)
}

async function allowedVerdict(facts: ServiceFacts, target: string): Promise<Verdict | undefined> {
  const [account, owner] = await Promise.all([facts.account(), ownerOf(facts, target)])
  if (account === undefined || owner === undefined) return undefined
  const listed = account.delegation.allowedToDelegateTo.some((spn) => sameSpn(spn, target))
  const { allowedToAct } = owner.delegation
  if (allowedToAct?.everybody)
    return warning(`${owner.name} lets every account of the domain act towards it (a descriptor without DACL).`, {
      why: 'Any account that is taken over can be any user there.',
      settings: [directorySettings.allowOnTarget(account.principal, target)],
    })
  const acts = account.sid !== undefined && allowedToAct?.sids.includes(account.sid)
  if (listed) return ok(`${target} is on the list of ${account.name}.`)
  if (acts) return ok(`${owner.name} lets ${account.name} act towards it (resource-based).`)
  return failed(`${account.name} may not go on to ${target}.`, {
    why: `The list of ${account.name} has ${listOf(account)}, and ${owner.name} does not name it.`,
    code: 'KDC_ERR_BADOPTION',
    settings: [
      directorySettings.allowTarget(account.principal, target),
      directorySettings.allowOnTarget(account.principal, target),
    ],
    changes: repair.allowTarget(account, target),
  })
}

function listOf({ delegation: { allowedToDelegateTo } }: DirectoryAccount): string {
  if (allowedToDelegateTo.length === 0) return 'nothing'
  const shown = allowedToDelegateTo.slice(0, 5).join(', ')
  return allowedToDelegateTo.length > 5 ? `${shown} and ${allowedToDelegateTo.length - 5} more` : shown
}

function sameSpn(one: string, other: string): boolean {
  const bare = (spn: string): string => spn.replace(/@.*$/, '').toLowerCase()
  return bare(one) === bare(other)
}
