import { encryptionTypeName, formatPrincipal, type Keytab, type KeytabEntry } from '@s4u/krb5'
import { fields, line, styled, table } from '../terminal/blocks.js'
import type { JsonObject, Report } from '../terminal/report.js'
import { localTime, utcTime } from '../terminal/times.js'
import { hexOf } from '../tickets/ticket-value.js'

/** What is shown of each key beside its principal and version. */
export interface KeytabDetails {
  readonly encryption: boolean
  readonly timestamps: boolean
  readonly showSecrets: boolean
}

/** The keys of a keytab, without their octets unless secrets are asked for. */
export function keytabReport(keytab: Keytab, path: string, details: KeytabDetails): Report {
  const { entries, leftOut } = keytab
  const { encryption, timestamps, showSecrets } = details
  const heads = [
    'Version',
    ...(timestamps ? ['Written'] : []),
    ...(encryption ? ['Encryption'] : []),
    'Principal',
    ...(showSecrets ? ['Key'] : []),
  ]
  const rows = entries.map((entry) => ({ cells: cellsOf(entry, details) }))
  return {
    value: {
      keytab: path,
      entries: entries.map((entry) => entryValue(entry, showSecrets)),
      ...(leftOut.length > 0 && { leftOut: leftOut.map(({ record, name, why }) => ({ record, name, why })) }),
    },
    blocks: [
      fields([['Keytab', path]]),
      line(''),
      rows.length > 0 ? table(heads, rows) : line('no keys'),
      ...leftOut.map(({ record, why }) => line(styled('warning', `${record} cannot be read: ${why}`))),
    ],
  }
}

/** One key for programs. */
export function entryValue({ principal, kvno, key, timestamp }: KeytabEntry, showSecrets = false): JsonObject {
  return {
    principal: formatPrincipal(principal),
    kvno,
    encryptionType: encryptionTypeName(key.etype),
    writtenAt: utcTime(timestamp),
    ...(showSecrets && { key: hexOf(key.exposeSecretBytes()) }),
  }
}

function cellsOf({ principal, kvno, key, timestamp }: KeytabEntry, details: KeytabDetails): readonly string[] {
  return [
    String(kvno).padStart('Version'.length),
    ...(details.timestamps ? [localTime(timestamp)] : []),
    ...(details.encryption ? [encryptionTypeName(key.etype)] : []),
    formatPrincipal(principal),
    ...(details.showSecrets ? [hexOf(key.exposeSecretBytes())] : []),
  ]
}
