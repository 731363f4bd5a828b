import type { DiagnoseOptions } from '@s4u/doctor'
import type { GivenOf, Options } from '../command-line/options.js'
import { readKeytab } from '../access/keytab-files.js'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'

/** What a service that accepts NTLM gives to `ntlm()`. */
export const NTLM_FLAGS = {
  ntlm: { kind: 'text', value: 'ACCOUNT', about: 'look at NTLM too, which this machine account asks for: WEB01$' },
  ntlmKeytab: {
    kind: 'text',
    goesWith: ['ntlm'],
    value: 'FILE',
    completes: 'file',
    about: 'with --ntlm: the keytab of that account; default: its password is asked for',
  },
  ntlmDomain: { kind: 'text', value: 'NAME', goesWith: ['ntlm'], about: 'with --ntlm: the NetBIOS name of the domain' },
  ntlmDnsDomain: {
    kind: 'text',
    goesWith: ['ntlm'],
    value: 'NAME',
    about: 'with --ntlm: the DNS name of the domain; default: the realm of the keytab',
  },
  ntlmDomainSid: { kind: 'text', value: 'SID', goesWith: ['ntlm'], about: 'with --ntlm: the SID of the domain' },
  ntlmController: {
    kind: 'texts',
    value: 'HOST[=IP]',
    goesWith: ['ntlm'],
    about: 'with --ntlm: a domain controller, and its address',
  },
  ntlmHost: {
    kind: 'texts',
    value: 'HOST',
    goesWith: ['ntlm'],
    about: 'with --ntlm: a further name under which clients come',
  },
} as const satisfies Options

type NtlmGiven = GivenOf<typeof NTLM_FLAGS>
type NtlmOptions = NonNullable<DiagnoseOptions['ntlm']>

/**
 * Returns what the doctor is told of NTLM; undefined where it is not to look at it.
 *
 * @param service its keytab, whose realm is the domain, and the KDCs that are to be asked
 * @throws UsageError
 */
export async function ntlmOptionsOf(
  given: NtlmGiven,
  session: Session,
  { keytab, kdc }: { readonly keytab: string; readonly kdc?: DiagnoseOptions['kdc'] },
): Promise<NtlmOptions | undefined> {
  const name = given.text('ntlm')
  if (name === undefined) return undefined
  const file = given.text('ntlmKeytab')
  const controllers = given.texts('ntlmController').map(controllerIn)
  if (controllers.length === 0)
    throw new UsageError('--ntlm goes with --ntlm-controller', 'Add --ntlm-controller dc1.corp.test.')
  const options = {
    domain: required(given, 'ntlmDomain', '--ntlm-domain CORP'),
    dnsDomain: given.text('ntlmDnsDomain') ?? domainOf(keytab),
    domainSid: required(given, 'ntlmDomainSid', '--ntlm-domain-sid S-1-5-21-1-2-3'),
    controllers,
    hosts: given.texts('ntlmHost'),
    ...(kdc !== undefined && { kdc }),
  }
  if (file !== undefined) return { ...options, account: { name, keytab: file } }
  return { ...options, account: { name, password: await session.askSecret(`Password for ${name}: `) } }
}

function required(given: NtlmGiven, name: 'ntlmDomain' | 'ntlmDomainSid', example: string): string {
  const value = given.text(name)
  if (value !== undefined) return value
  throw new UsageError(`--ntlm goes with ${example.split(' ')[0]}`, `Add ${example}.`)
}

/** `dc1.corp.test`, `dc1.corp.test=10.0.0.7` */
function controllerIn(text: string): { readonly host: string; readonly address?: string } {
  const [host, address] = text.split('=', 2)
  return { host, ...(address !== undefined && { address }) }
}

/** Active Directory names the realm as the domain, in capital letters. */
function domainOf(keytab: string): string {
  const [principal = ''] = readKeytab(keytab).principals
  return principal.slice(principal.lastIndexOf('@') + 1).toLowerCase()
}
