import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import type { ServiceFacts } from '../facts/service-facts.js'
import { isInChromiumPattern, isInFirefoxPattern, policyLines } from '../observing/browser-zones.js'
import { isAddress } from '../observing/dns-names.js'
import type { DiagnoseOptions } from '../facts/diagnose-options.js'

/** What clients make of the name in a URL, before any KDC is asked. */
export const nameChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'host-name',
    title: 'Clients can make a service principal name of the host',
    run: async (facts) => [hostVerdict(await facts.host())],
  },
  {
    name: 'dns-address',
    title: 'The host has an address in DNS',
    needs: ['host-name'],
    run: async (facts) => {
      const [host, { addresses }] = await Promise.all([facts.host(), facts.names()])
      if (addresses.length > 0) return [ok(`${host} is ${addresses.join(', ')}.`)]
      return [
        failed(`No name server knows an address of ${host}.`, {
          why: 'Clients cannot connect to the service by that name.',
          hint: `Add an address record for ${host} to DNS, or correct the name.`,
        }),
      ]
    },
  },
  {
    name: 'dns-alias',
    title: 'An alias (CNAME) leads to a name that is registered too',
    needs: ['dns-address'],
    run: aliasVerdicts,
  },
  {
    name: 'dns-reverse',
    title: 'The addresses lead back to the name',
    needs: ['dns-address'],
    run: async (facts) => {
      const [host, { reverse, canonicalName }] = await Promise.all([facts.host(), facts.names()])
      return [...reverse].flatMap(([address, names]) => reverseVerdict(address, names, canonicalName ?? host))
    },
  },
  {
    name: 'browser-zone',
    title: 'Browsers are told to send tickets to the site',
    needs: ['host-name'],
    run: async (facts) => (facts.url === undefined ? [] : [zoneVerdict(await facts.host(), facts.url, facts.options)]),
  },
]

function hostVerdict(host: string): Verdict {
  const why = 'A ticket is for a name: clients ask for HTTP/ and the host in the URL.'
  const write = 'Use the full name of the host in the URL, and register that: https://web.corp.test.'
  if (host === '') return failed('The service principal name has no host.', { why, hint: 'Write HTTP/web.corp.test.' })
  if (isAddress(host)) return failed(`${host} is an address, and no name.`, { why, hint: write })
  if (host === 'localhost') return failed('localhost is another machine for each client.', { why, hint: write })
  if (!host.includes('.')) {
    const hint = `${write} Clients add a domain to a short name, and not all of them add the same one.`
    return failed(`${host} is a short name.`, { why, hint })
  }
  return ok(`Clients ask for HTTP/${host}.`)
}

/**
 * Only who writes the policies of browsers knows what they say (`browserZones`). Where that is not
 * given, the hint says what to write.
 */
function zoneVerdict(host: string, { protocol }: URL, { browserZones: zones }: DiagnoseOptions): Verdict {
  const site = { protocol, host }
  const hint = policyLines(site).join('\n')
  if (zones === undefined)
    return ok(`${host} has dots, so browsers send tickets only where a policy lists it.`, { hint })
  const without = [
    ...(zones.some((zone) => isInChromiumPattern(zone, site)) ? [] : ['Edge', 'Chrome']),
    ...(zones.some((zone) => isInFirefoxPattern(zone, site)) ? [] : ['Firefox']),
  ]
  if (without.length === 0) return ok(`Edge, Chrome and Firefox send tickets to ${host}.`)
  return warning(`${listed(without)} send no tickets to ${host}: none of ${zones.join(', ')} is it.`, {
    why: 'A browser answers Negotiate only where a policy lists the site, and else asks for a password or shows the 401.',
    hint,
  })
}

/** `Edge, Chrome and Firefox` */
function listed(names: readonly string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '')
}

async function aliasVerdicts(facts: ServiceFacts): Promise<readonly Verdict[]> {
  const [host, { canonicalName }] = await Promise.all([facts.host(), facts.names()])
  if (canonicalName === undefined) return []
  const spn = `HTTP/${canonicalName}`
  const client = await facts.client()
  const refusal: unknown = await client.ticketFor(spn).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (refusal === undefined) return [ok(`${host} is an alias of ${canonicalName}, and ${spn} is registered.`)]
  return [
    warning(`${host} is an alias of ${canonicalName}, and the KDC gives no ticket for ${spn}.`, {
      why: 'Chrome, Edge and MIT clients follow the alias and ask for the name at its end.',
      hint: `Use an address record in place of the alias, or register ${spn} on the same account.`,
    }),
  ]
}

function reverseVerdict(address: string, names: readonly string[], host: string): readonly Verdict[] {
  if (names.length === 0)
    return [ok(`${address} has no name in reverse, so no client follows it.`, { subject: address })]
  if (names.some((name) => name.toLowerCase() === host))
    return [ok(`${address} leads back to ${host}.`, { subject: address })]
  return [
    warning(`${address} leads back to ${names.join(', ')}, and not to ${host}.`, {
      subject: address,
      why: 'MIT and Java clients with rdns = true ask for a ticket for that other name.',
      hint: `Set the PTR record of ${address} to ${host}, or rdns = false in the clients' krb5.conf.`,
    }),
  ]
}
