import type { DirectoryAccount } from '@s4u/directory'
import { directorySettings, KdcError } from '@s4u/kdc-client'
import { asciiLower, encryptionTypeName } from '@s4u/krb5'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import { addSpn, removeSpn } from '../repairs/account-changes.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** The service principal name: registered, on the right account, on no other. */
export const spnChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'spn-owner',
    title: 'The service principal name is on this account only',
    needs: ['directory', 'account'],
    run: async (facts) => {
      const [directory, account, service] = await Promise.all([facts.directory(), facts.account(), facts.service()])
      if (directory === undefined || account === undefined) return []
      return ownerVerdicts({ directory, account, service })
    },
  },
  {
    name: 'spn-registered',
    title: 'The KDC gives tickets for the service',
    needs: ['sign-in'],
    unless: ['spn-owner', 'keytab-service'],
    run: async (facts) => {
      const [service, principal] = await Promise.all([facts.service(), facts.principal()])
      try {
        const { ticket } = await facts.ownTicket()
        return [ok(`The KDC gives tickets for ${service} (${encryptionTypeName(ticket.encPart.etype)}).`)]
      } catch (error) {
        if (!(error instanceof KdcError) || error.code !== 'KDC_ERR_S_PRINCIPAL_UNKNOWN') throw error
        return [unregistered(service, principal, error.code)]
      }
    },
  },
  {
    name: 'ticket-encryption',
    title: 'Tickets for the service are sealed with AES',
    needs: ['spn-registered'],
    run: async (facts) => {
      const [service, principal, { ticket }] = await Promise.all([
        facts.service(),
        facts.principal(),
        facts.ownTicket(),
      ])
      const { etype } = ticket.encPart
      if (etype !== RC4_HMAC) return [ok(`They are sealed with ${encryptionTypeName(etype)}.`)]
      return [
        warning(`Tickets for ${service} are sealed with RC4.`, {
          why: 'Who has such a ticket can guess the password of the account offline (Kerberoasting).',
          settings: [directorySettings.allowAes(principal)],
        }),
      ]
    },
  },
]

/** Source: RFC 4757. */
const RC4_HMAC = 23

interface Ownership {
  readonly directory: NonNullable<Awaited<ReturnType<ServiceFacts['directory']>>>
  readonly account: DirectoryAccount
  readonly service: string
}

async function ownerVerdicts({ directory, account, service }: Ownership): Promise<readonly Verdict[]> {
  const owners = await directory.accountsWithSpn(service)
  const others = owners.filter(({ dn }) => dn !== account.dn)
  const isOwn = owners.length > others.length
  if (isOwn && others.length === 0) return [ok(`${service} is on ${account.name}, and on no other account.`)]
  if (isOwn) return [duplicated(account, others, service)]
  if (others.length > 0) return [onAnother(account, others, service)]
  const host = await hostMapping(directory, service)
  if (host === undefined) {
    const missing = { ...unregistered(service, account.principal), changes: [addSpn(account, service)] }
    const withPort = account.servicePrincipalNames.find((spn) => isWithPort(spn, service))
    return [withPort === undefined ? missing : { ...missing, ...onlyWithPort(service, withPort) }]
  }
  if (host.dn === account.dn) return [ok(`${service} is not registered, and HOST/ of ${host.name} stands for it.`)]
  return [
    failed(`${service} is not registered; the KDC takes HOST/ of ${host.name} for it, which is another account.`, {
      why: `Tickets are sealed with the key of ${host.name}, which ${account.name} does not have.`,
      code: 'KRB_AP_ERR_MODIFIED',
      settings: [directorySettings.addSpn(account.principal, service)],
      changes: [addSpn(account, service)],
    }),
  ]
}

function duplicated(account: DirectoryAccount, others: readonly DirectoryAccount[], service: string): Verdict {
  return failed(`${service} is on ${account.name}, and on ${namesOf(others)} too.`, {
    why: 'A KDC does not know with whose key to seal, and refuses, or takes the wrong one.',
    risk: `If another service runs as ${namesOf(others)}, it loses its tickets.`,
    code: 'KDC_ERR_PRINCIPAL_NOT_UNIQUE',
    settings: others.map(({ principal }) => directorySettings.removeSpn(principal, service)),
    changes: others.flatMap((other) => removeSpn(other, service)),
  })
}

function onAnother(account: DirectoryAccount, others: readonly DirectoryAccount[], service: string): Verdict {
  return failed(`${service} is on ${namesOf(others)}, and the keytab is of ${account.name}.`, {
    why: 'Tickets are sealed with the key of the account that has the name.',
    risk: `If the service runs as ${namesOf(others)}, this is the wrong keytab, and the name must stay where it is.`,
    code: 'KRB_AP_ERR_MODIFIED',
    settings: [
      ...others.map(({ principal }) => directorySettings.removeSpn(principal, service)),
      directorySettings.addSpn(account.principal, service),
    ],
    changes: [...others.flatMap((other) => removeSpn(other, service)), addSpn(account, service)],
  })
}

/**
 * Source: MS-ADTS section 3.1.1.4.5.2 (sPNMappings): HTTP/ is one of the names that HOST/ stands
 * for.
 */
async function hostMapping(directory: Ownership['directory'], service: string): Promise<DirectoryAccount | undefined> {
  const [serviceClass, host] = service.split('/')
  if (!/^(?:http|cifs|www|wins|rpc|dns)$/i.test(serviceClass)) return undefined
  return (await directory.accountsWithSpn(`HOST/${host}`))[0]
}

function unregistered(service: string, principal: string, code = 'KDC_ERR_S_PRINCIPAL_UNKNOWN'): Verdict {
  return failed(`${service} is not registered.`, {
    why: 'The KDC gives no ticket for it, so browsers fall back to NTLM or ask for a password.',
    code,
    settings: [directorySettings.addSpn(principal, service)],
  })
}

function isWithPort(spn: string, service: string): boolean {
  return /:\d+$/.test(spn) && asciiLower(spn.replace(/:\d+$/, '')) === asciiLower(service)
}

function onlyWithPort(service: string, withPort: string): Pick<Verdict, 'found' | 'why'> {
  return {
    found: `${service} is not registered, but with a port: ${withPort}.`,
    why: 'Browsers ask for a ticket without the port, whatever the URL has, unless a policy says otherwise.',
  }
}

function namesOf(accounts: readonly DirectoryAccount[]): string {
  return accounts.map(({ name }) => name).join(', ')
}
