import type { NtlmOptions } from '@s4u/ntlm'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict } from '../engine/finding.js'
import { verdictOfError } from '../engine/run-checks.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** NTLM, where the service accepts it: the secure channel, the policy of the domain, the names. */
export const ntlmChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'ntlm-channel',
    title: 'Each domain controller takes the machine account',
    run: async (facts) => {
      const surveyed = await facts.ntlmControllers()
      return surveyed.map(({ host, form, error }) => {
        if (form === undefined) return { ...verdictOfError(error), ...hintOf(error), subject: host }
        return ok(`${host} takes ${accountOf(facts)} ${FORMS[form]}.`, { subject: host })
      })
    },
  },
  {
    name: 'ntlm-ticket',
    title: 'The secure channel is signed in with a ticket where it can be',
    run: async (facts) => {
      const surveyed = await facts.ntlmControllers()
      return surveyed.flatMap(({ host, form, ticketRefusal }): Verdict[] => {
        if (form !== 'aes' || ticketRefusal === undefined || isOlder(ticketRefusal)) return []
        const why = 'The controller is signed in to with the NT hash instead, which hardened domains do not take.'
        return [{ ...verdictOfError(ticketRefusal), status: 'warning', subject: host, why }]
      })
    },
  },
  {
    name: 'ntlm-accepted',
    title: 'The domain judges NTLM',
    needs: ['ntlm-channel'],
    run: async (facts) => {
      const surveyed = await facts.ntlmControllers()
      return surveyed.map(({ host, error }) =>
        error === undefined
          ? ok(`${host} judges responses.`, { subject: host })
          : { ...verdictOfError(error), subject: host },
      )
    },
  },
  {
    name: 'ntlm-domain',
    title: 'The SID of the domain is that of its accounts',
    needs: ['directory'],
    run: async (facts) => domainVerdicts(facts),
  },
  {
    name: 'ntlm-target',
    title: 'Clients that say which service they mean are taken',
    run: async (facts) => targetVerdicts(facts),
  },
]

/** A controller compares the name of the domain before it seals, and says nothing but no. */
function hintOf(error: { readonly code: string } | undefined): Partial<Verdict> {
  if (error?.code !== 'RPC_BIND_REFUSED') return {}
  return { hint: String.raw`Let domain be the NetBIOS name of the domain, as in CORP\alice.` }
}

/** Another SID than ours is refused for each user, since a domain could claim to be another. */
async function domainVerdicts(facts: ServiceFacts): Promise<readonly Verdict[]> {
  const { ntlm } = facts.options
  const directory = await facts.directory()
  if (ntlm === undefined || directory === undefined) return []
  const sid = (await directory.account(ntlm.account.name))?.sid
  if (sid === undefined) return []
  const domainSid = sid.slice(0, sid.lastIndexOf('-'))
  if (domainSid === ntlm.domainSid) return [ok(`${domainSid} is the SID of the domain.`)]
  return [
    failed(`${ntlm.domainSid} is not the SID of the domain of ${ntlm.account.name}, so that all users are refused.`, {
      code: 'KDC_ERR_POLICY',
      why: 'Users whose domain has another SID than the one that is written are not believed.',
      hint: `Write the one that the directory has: ntlm({ domainSid: '${domainSid}' }).`,
    }),
  ]
}

/** A client names the host of the URL, and another name than ours looks like a relayed response. */
function targetVerdicts({ options, url }: ServiceFacts): readonly Verdict[] {
  const { ntlm } = options
  if (ntlm === undefined || url === undefined) return []
  const host = url.hostname.toLowerCase()
  if (namesOf(ntlm).includes(host)) return [ok(`HTTP/${host} is a name of this service.`)]
  return [
    failed(`HTTP/${host} is no name of ${ntlm.account.name}, so that browsers are refused.`, {
      code: 'KRB_AP_ERR_NOT_US',
      why: 'Browsers write the host of the URL into their responses. Another name means that somebody relays them.',
      hint: `Name it: ntlm({ hosts: ['${host}'] }).`,
    }),
  ]
}

function namesOf({ account, dnsDomain, hosts = [] }: NtlmOptions): readonly string[] {
  const computer = account.name.replace(/\$$/, '')
  return [computer, `${computer}.${dnsDomain}`, ...hosts].map((name) => name.toLowerCase())
}

/** A controller that has no such call is in order: most have none yet. */
function isOlder({ code }: { readonly code: string }): boolean {
  return code === 'RPC_FAULT'
}

const accountOf = ({ options }: ServiceFacts): string => options.ntlm?.account.name ?? 'the machine account'

const FORMS = { kerberos: 'with a ticket', aes: 'with its NT hash' } as const
