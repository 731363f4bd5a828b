import type { DirectoryAccount, DirectoryChange } from '@s4u/directory'
import { type DirectorySetting, directorySettings } from '@s4u/kdc-client'
import type { Check } from '../engine/check.js'
import { failed, ok, skipped, type Verdict, warning } from '../engine/finding.js'
import * as repair from '../repairs/account-changes.js'
import { verdictOfError } from '../engine/run-checks.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/**
 * The age at which a password counts as old, in milliseconds. Over years, more people learn a
 * password than should.
 */
const OLD_PASSWORD = 2 * 365 * 86_400_000

const UNKNOWN = 'What only a directory knows is left out: accounts are known by what the KDC says of them.'

const date = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** The account of the service, as the directory has it. */
export const accountChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'directory',
    title: 'The directory answers',
    needs: ['sign-in'],
    run: async (facts) => {
      const { directory, failure } = await facts.openedDirectory()
      if (failure) return [{ ...verdictOfError(failure.error), status: 'warning', why: UNKNOWN }]
      if (directory === undefined) return [skipped('No directory was asked.', { why: UNKNOWN })]
      const { server, domainDn } = await directory.facts()
      return [ok(`${server} answers for ${domainDn}.`)]
    },
  },
  {
    name: 'account',
    title: 'The account of the service is in order',
    needs: ['directory'],
    run: async (facts) => {
      const [directory, account, principal] = await Promise.all([facts.directory(), facts.account(), facts.principal()])
      if (directory === undefined) return []
      if (account !== undefined) return accountVerdicts(account, facts.now())
      return [failed(`The directory has no account ${principal}.`, { hint: 'Name the account with --principal.' })]
    },
  },
  {
    name: 'account-encryption',
    title: 'The account may have AES tickets',
    needs: ['account'],
    run: async (facts) => {
      const account = await facts.account()
      return account === undefined ? [] : [encryptionVerdict(account)]
    },
  },
]

/** One fault of an account: whether it is there, and what to say. */
interface Fault {
  readonly is: (account: DirectoryAccount) => boolean
  readonly say: string
  readonly setting: (principal: string) => DirectorySetting
  readonly changes: (account: DirectoryAccount) => readonly DirectoryChange[]
}

/** What keeps an account from signing in. */
export const SIGN_IN_FAULTS: readonly Fault[] = [
  {
    is: ({ state }) => state.disabled,
    say: 'is disabled',
    setting: directorySettings.enableAccount,
    changes: repair.enable,
  },
  {
    is: ({ state }) => state.expired,
    say: 'has expired',
    setting: directorySettings.neverExpire,
    changes: repair.neverExpire,
  },
  {
    is: ({ state }) => state.locked,
    say: 'is locked by wrong passwords',
    setting: directorySettings.unlockAccount,
    changes: repair.unlock,
  },
  {
    is: ({ state }) => state.mustChangePassword,
    say: 'must change its password at the next sign-in',
    setting: directorySettings.setPassword,
    changes: repair.keepPassword,
  },
  {
    is: ({ state }) => state.passwordExpired,
    say: 'has an expired password',
    setting: directorySettings.setPassword,
    changes: repair.keepPassword,
  },
]

export function faultsOf(account: DirectoryAccount): readonly Verdict[] {
  return SIGN_IN_FAULTS.filter(({ is }) => is(account)).map(({ say, setting, changes }) =>
    failed(`${account.name} ${say}.`, {
      why: 'The KDC refuses to sign it in.',
      settings: [setting(account.principal)],
      changes: changes(account),
    }),
  )
}

function accountVerdicts(account: DirectoryAccount, now: number): readonly Verdict[] {
  const { state, passwordSetAt, passwordExpiresAt, principal, name } = account
  const verdicts: Verdict[] = [...faultsOf(account)]
  if (state.noPac)
    verdicts.push(
      failed(`Tickets for ${name} have no PAC (NO_AUTH_DATA_REQUIRED).`, {
        why: 'Callers have no SID and no groups, and nobody can be delegated.',
        settings: [directorySettings.restorePac(principal)],
        changes: repair.restorePac(account),
      }),
    )
  if (state.noPreauthentication)
    verdicts.push(
      warning(`${name} signs in without pre-authentication.`, {
        why: 'Anybody can ask for a ticket of it, and guess the password offline.',
        settings: [directorySettings.requirePreauthentication(principal)],
        changes: repair.requirePreauthentication(account),
      }),
    )
  if (passwordSetAt !== undefined && account.kind === 'user' && now - passwordSetAt > OLD_PASSWORD)
    verdicts.push(
      warning(`The password of ${name} was set on ${date(passwordSetAt)}.`, {
        why: 'A password that never changes ends up in many hands.',
        hint: 'Rotate it: s4u keytab rotate.',
      }),
    )
  if (verdicts.length > 0) return verdicts
  const set = passwordSetAt === undefined ? '' : `, password of ${date(passwordSetAt)}`
  const ends = passwordExpiresAt === undefined ? '' : `, which ends on ${date(passwordExpiresAt)}`
  return [ok(`${name} is ${account.dn}${set}${ends}.${namesSentence(account)}`)]
}

/** By which other names the account is known. */
function namesSentence({ userPrincipalName, servicePrincipalNames }: DirectoryAccount): string {
  const names = [...(userPrincipalName === undefined ? [] : [userPrincipalName]), ...servicePrincipalNames]
  const [shown, left] = [names.slice(0, NAMES_SHOWN), names.length - NAMES_SHOWN]
  if (shown.length === 0) return ''
  return ` Its names: ${shown.join(', ')}${left > 0 ? `, and ${left} more` : ''}.`
}

/** An account may have thousands. */
const NAMES_SHOWN = 6

const AES = [17, 18]

function encryptionVerdict(account: DirectoryAccount): Verdict {
  const { encryptionTypes, name, principal } = account
  if (encryptionTypes === undefined) return ok(`${name} has the encryption types that the KDC takes for all.`)
  if (AES.some((etype) => encryptionTypes.includes(etype))) return ok(`${name} may have AES tickets.`)
  return warning(`${name} may have RC4 tickets only (msDS-SupportedEncryptionTypes).`, {
    why: 'Such tickets can be broken, and clients without RC4 get none (KDC_ERR_ETYPE_NOSUPP).',
    settings: [directorySettings.allowAes(principal)],
    changes: repair.allowAes(account),
  })
}
