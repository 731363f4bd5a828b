import type { FaultRow } from './fault.js'

/** What stands around the service: names, clocks, KDCs. @param domain `corp.test` */
export const surroundingFaults = (domain: string): readonly FaultRow[] => [
  ...nameFaults(domain),
  ...clockFaults,
  ...kdcFaults,
]

const nameFaults = (domain: string): readonly FaultRow[] => [
  [
    'a URL with an address',
    {
      options: (at) => ({ url: `http://${at.address}/` }),
      cause: 'host-name',
      found: /is an address, and no name/,
      obey: [],
    },
  ],
  [
    'a URL with a short name',
    { options: () => ({ url: 'http://exam/' }), cause: 'host-name', found: /^exam is a short name/, obey: [] },
  ],
  [
    'a URL with localhost',
    { options: () => ({ url: 'http://localhost/' }), cause: 'host-name', found: /^localhost is/, obey: [] },
  ],
  [
    'a host that DNS does not know',
    {
      options: () => ({ url: `http://gone.${domain}/`, service: `HTTP/exam.${domain}` }),
      cause: 'dns-address',
      found: /^No name server knows an address of gone\./,
      obey: [],
    },
  ],
]

const clockFaults: readonly FaultRow[] = [
  [
    'clocks ten minutes apart',
    {
      options: () => ({ now: () => Date.now() + 600_000 }),
      cause: 'clock-of-kdc',
      code: 'KRB_AP_ERR_SKEW',
      found: /is 600 s behind this machine's\.$/,
      obey: [],
    },
  ],
  [
    'clocks two minutes apart',
    {
      options: () => ({ now: () => Date.now() - 120_000 }),
      cause: 'clock-of-kdc',
      status: 'warning',
      found: /is 120 s ahead of this machine's\.$/,
      obey: [],
    },
  ],
]

const kdcFaults: readonly FaultRow[] = [
  [
    'a KDC that is down',
    {
      options: (at) => ({ kdc: `${at.address}:1` }),
      cause: 'kdc-answers',
      code: 'KRB5_KDC_UNREACH',
      found: /UDP does not answer \(ECONNREFUSED\), TCP does not answer \(ECONNREFUSED\)\.$/,
      obey: [],
    },
  ],
  [
    'one of two KDCs that is down',
    {
      options: (at) => ({ kdc: [`${at.realm.kdc.host}:${at.realm.kdc.port}`, `${at.address}:1`] }),
      cause: 'kdc-answers',
      status: 'warning',
      found: /does not answer \(ECONNREFUSED\)/,
      obey: [],
    },
  ],
  [
    'a realm without KDCs',
    {
      options: () => ({ kdc: { 'OTHER.TEST': '127.0.0.1' }, krb5Config: '/dev/null' }),
      cause: 'kdc-found',
      code: 'KRB5_REALM_UNKNOWN',
      found: /^No KDC of \S+ is known\.$/,
      obey: [],
    },
  ],
  [
    'a directory that cannot be reached',
    {
      options: (at) => ({ directory: (client) => at.openAt(client, at.address) }),
      cause: 'directory',
      status: 'warning',
      found: /ECONNREFUSED/,
      obey: [],
    },
  ],
  [
    'a store that does not answer',
    {
      options: () => ({ stores: { replay: async () => Promise.reject(new Error('connect ECONNREFUSED')) } }),
      cause: 'stores',
      found: /^The replay store does not answer: connect ECONNREFUSED\.$/,
      obey: [],
    },
  ],
]
