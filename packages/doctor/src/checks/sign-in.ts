import { directorySettings, type NamedCredentialCache } from '@s4u/kdc-client'
import { type CacheContents, encryptionTypeName, hasFlag, TicketFlag } from '@s4u/krb5'
import type { Check } from '../engine/check.js'
import { failed, ok, warning } from '../engine/finding.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** The service as a client of its KDC. */
export const signInChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'sign-in',
    title: 'The account of the service signs in',
    needs: ['keytab', 'kdc-answers', 'clock-of-kdc'],
    run: async (facts) => {
      const principal = await facts.principal()
      const tgt = await ticketGrantingTicket(facts)
      const name = encryptionTypeName(tgt.key.etype)
      return [ok(`${principal} signs in with its key (${name}).`)]
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
      const details = {
        why: 'A service whose own ticket-granting ticket is not forwardable can act for nobody.',
        settings: [directorySettings.clearSensitive(principal)],
      }
      const found = `The ticket-granting ticket of ${principal} is not forwardable.`
      return [facts.wantsDelegation ? failed(found, details) : warning(found, details)]
    },
  },
]

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
