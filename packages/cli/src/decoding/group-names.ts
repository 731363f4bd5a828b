import { wellKnownName } from '@s4u/directory'

/** Groups and accounts that every domain has under the same number. MS-DTYP section 2.4.2.4. */
const OF_EVERY_DOMAIN: Readonly<Record<string, string>> = {
  498: 'Enterprise Read-only Domain Controllers',
  500: 'Administrator',
  501: 'Guest',
  502: 'krbtgt',
  512: 'Domain Admins',
  513: 'Domain Users',
  514: 'Domain Guests',
  515: 'Domain Computers',
  516: 'Domain Controllers',
  517: 'Cert Publishers',
  518: 'Schema Admins',
  519: 'Enterprise Admins',
  520: 'Group Policy Creator Owners',
  521: 'Read-only Domain Controllers',
  525: 'Protected Users',
  526: 'Key Admins',
  527: 'Enterprise Key Admins',
  553: 'RAS and IAS Servers',
  571: 'Allowed RODC Password Replication Group',
  572: 'Denied RODC Password Replication Group',
}

/** The name of a SID that means the same everywhere, or that every domain has. */
export function nameWithoutDirectory(sid: string): string | undefined {
  const [, number] = /^S-1-5-21-\d+-\d+-\d+-(\d+)$/.exec(sid) ?? []
  return wellKnownName(sid) ?? (number === undefined ? undefined : OF_EVERY_DOMAIN[number])
}
