import { directorySettings, type NamedCredentialCache } from '@s4u/kdc-client'
import { type CacheContents, encryptionTypeName, hasFlag, TicketFlag } from '@s4u/krb5'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import { verdictOfError } from '../engine/run-checks.js'
import type { ServiceFacts } from '../facts/service-facts.js'
import { notSensitive } from '../repairs/account-changes.js'
import { faultsOf } from './account.js'

/** The service as a client of its KDC. */
export const signInChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'sign-in',
    title: 'The account of the service signs in',
    needs: ['keytab', 'kdc-answers', 'clock-of-kdc'],
    run: async (facts) => {
      const principal = await facts.principal()
      try {
        const tgt = await ticketGrantingTicket(facts)
        return [ok(`${principal} signs in with its key (${encryptionTypeName(tgt.key.etype)}).`)]
      } catch (error) {
        const refused = verdictOfError(error)
        const known = await faultsInDirectory(facts)
        return known.length > 0 ? known.map((fault) => ({ code: refused.code, ...fault })) : [refused]
      }
    },
  },
  {
    name: 'tgt-forwardable',
    title: 'The account may be trusted for delegation at all',
    needs: ['sign-in'],
    run: async (facts) => {
      const principal = await facts.principal()
      const { flags } = await ticketGrantingTicket(facts)
      if (hasFlag(flags, TicketFlag.FORWARDABLE)) return [ok('Its ticket-granting ticket is forwardable.')]
      const account = await facts.account()
      const details = {
        ...(account && { changes: notSensitive(account) }),
        why: 'A service whose own ticket-granting ticket is not forwardable can act for nobody.',
        settings: [directorySettings.clearSensitive(principal)],
      }
      const found = `The ticket-granting ticket of ${principal} is not forwardable.`
      return [facts.wantsDelegation ? failed(found, details) : warning(found, details)]
    },
  },
]

/**
 * What an administrator's directory knows of the account: a KDC has one code for several reasons.
 * A directory that is opened with the account itself cannot be asked here.
 */
async function faultsInDirectory(facts: ServiceFacts): Promise<readonly Verdict[]> {
  if (typeof facts.options.directory !== 'object') return []
  const account = await facts.account()
  return account === undefined ? [] : faultsOf(account)
}

/** The first ticket of the sign-in, with its flags. */
async function ticketGrantingTicket(facts: ServiceFacts): Promise<CacheContents['credentials'][number]> {
  const client = await facts.client()
  const kept: CacheContents[] = []
  const cache: Pick<NamedCredentialCache, 'replace'> = {
    replace: async (contents) => void kept.push(contents),
  }
  await client.saveTo(cache as NamedCredentialCache)
  return kept[0].credentials[0]
}
