import { chmodSync, copyFileSync, unlinkSync, writeFileSync } from 'node:fs'
import type { FaultRow } from './fault.js'

/** The keytab of the service. @param domain `corp.test` */
export const keytabFaults = (domain: string): readonly FaultRow[] => [
  ...FILE_FAULTS,
  [
    'the keytab of another service',
    {
      spoil: (at) => copyFileSync(at.otherKeytab, at.keytab),
      cause: 'spn-owner',
      found: new RegExp(`^HTTP/exam.${domain} is on svc-exam, and the keytab is of svc-examnone`),
      obey: [],
    },
  ],
]

/** The file, whatever realm its keys are of. */
const FILE_FAULTS: readonly FaultRow[] = [
  [
    'a keytab that is not there',
    {
      spoil: (at) => unlinkSync(at.keytab),
      cause: 'keytab',
      code: 'KRB5_KT_NOTFOUND',
      found: /^The keytab \S+ does not exist\.$/,
      obey: [],
    },
  ],
  [
    'a file that is no keytab',
    {
      spoil: (at) => writeFileSync(at.keytab, 'not a keytab'),
      cause: 'keytab',
      code: 'KRB5_KEYTAB_BADVNO',
      found: /is not a keytab/,
      obey: [],
    },
  ],
  [
    'an empty keytab',
    {
      spoil: (at) => writeFileSync(at.keytab, Uint8Array.of(5, 2)),
      cause: 'keytab',
      found: /has no keys\.$/,
      obey: [],
    },
  ],
  [
    'a keytab that everybody can read',
    {
      spoil: (at) => chmodSync(at.keytab, 0o644),
      cause: 'keytab',
      found: /^Everybody on this machine can read \S+ \(mode 0644\)\.$/,
      obey: [],
      mend: (at) => chmodSync(at.keytab, 0o600),
    },
  ],
  [
    'a keytab that a group can read',
    {
      spoil: (at) => chmodSync(at.keytab, 0o640),
      cause: 'keytab',
      status: 'warning',
      found: /^The group of the file can read \S+ \(mode 0640\)\.$/,
      obey: [],
      mend: (at) => chmodSync(at.keytab, 0o600),
    },
  ],
]
