import { encodeCcache, Key, Keytab, kerberosFlags, parsePrincipal } from '@s4u/krb5'
import { readdirSync, readFileSync } from 'node:fs'

const vectors = new URL('../../vectors/', import.meta.url)

export const vectorFile = (path: string): unknown => JSON.parse(readFileSync(new URL(path, vectors), 'utf8'))

/** The recorded messages of one type. */
export function recorded(type: string): Uint8Array[] {
  return recordings.filter((item) => item.type === type).map((item) => fromHex(item.bytes))
}

const recordings = readdirSync(new URL('messages/', vectors)).flatMap((file) =>
  recordingsOf(vectorFile(`messages/${file}`)),
)

/** Every hexadecimal string in the properties of these names, anywhere in a file of vectors. */
export function octetsIn(path: string, ...names: readonly string[]): Uint8Array[] {
  return hexIn(vectorFile(path), names).map(fromHex)
}

function hexIn(value: unknown, names: readonly string[]): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) =>
    typeof item === 'string' && names.includes(name) && /^(?:[0-9a-f]{2})+$/.test(item) ? [item] : hexIn(item, names),
  )
}

function recordingsOf(file: unknown): { type: string; bytes: string }[] {
  const { items }: { items: { type: string; bytes: string }[] } = Object(file)
  return items
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

const key = new Key(17, new Uint8Array(16).fill(1))

export const keytabs: readonly Uint8Array[] = [
  new Keytab(
    ['HTTP/web.ad.test@AD.TEST', 'zoë@AD.TEST', 'a@R'].map((name, index) => ({
      principal: parsePrincipal(name),
      kvno: 1 + index * 255,
      key,
      timestamp: 1_000,
    })),
  ).encode(),
  fromHex(`0501000000210002000152000161000000010700110010${'00'.repeat(16)}`),
  fromHex(`050121000000020001005201006101000000070011001000${'00'.repeat(15)}`),
  fromHex(`0502fffffffcdeadbeef000000290001000152000161000000010000000107001100${'10'.padEnd(34, '0')}0000012c`),
]

export const ccaches: readonly Uint8Array[] = [
  encodeCcache({
    principal: parsePrincipal('alice@AD.TEST'),
    kdcOffset: -1_500,
    settings: [{ name: 'fast_avail', principal: 'krbtgt/AD.TEST@AD.TEST', value: Uint8Array.of(0x79, 0x65, 0x73) }],
    credentials: ['krbtgt/AD.TEST@AD.TEST', 'HTTP/web.ad.test@AD.TEST'].map((server) => ({
      client: parsePrincipal('alice@AD.TEST'),
      server: parsePrincipal(server),
      key,
      authtime: 1_000,
      starttime: 1_000,
      endtime: 2_000,
      renewTill: 0,
      isSkey: false,
      flags: kerberosFlags(1, 9),
      addresses: [{ addrType: 2, address: Uint8Array.of(127, 0, 0, 1) }],
      authorizationData: [{ adType: 1, adData: Uint8Array.of(0x30, 0) }],
      ticket: {
        realm: 'AD.TEST',
        sname: parsePrincipal(server).name,
        encPart: { etype: 18, kvno: 1, cipher: new Uint8Array(40) },
      },
      secondTicket: new Uint8Array(),
    })),
  }),
  fromHex('050400000000000100000001000000015200000001610000000100000001000000015200000001610000'),
  fromHex('0503000000010000000100000001520000000161'),
  fromHex('050201000000010000000100000052010000006101000000'),
  fromHex('05010200000001000000520100000061'),
]

const CONF = `# comment
[libdefaults]
  default_realm = AD.TEST
  forwardable = yes
  ticket_lifetime = 1d12h
  title = "a \\"b\\" c"
[realms]*
  AD.TEST = {
    kdc = tcp/dc1.ad.test:88
    kdc = [fd00::1]:88
    kdc* = https://proxy.ad.test/KdcProxy
    sub =
    {
      a = b
    }*
  }
[domain_realm]
  .ad.test = AD.TEST
[capaths]
  A = {
    B = .
    C = HUB
  }
`

export const configurations: readonly Uint8Array[] = [
  new TextEncoder().encode(CONF),
  new TextEncoder().encode('include /etc/krb5.conf.d/a\nincludedir /etc/krb5.conf.d\n[a]\nb=c\r\n'),
]

export const texts = (...all: readonly string[]): Uint8Array[] => all.map((text) => new TextEncoder().encode(text))

/**
 * Made by OpenSSL: one with a user principal name among its alternative names, one without
 * alternative names.
 */
export const certificates: readonly Uint8Array[] = [
  'MIIBtDCCAVqgAwIBAgIUZoTLg8g85zmehRXXxpN0XV2e7ggwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFQWxpY2UwIBcNMjYxMTIxMDQ1MTA3WhgPMjEyNjEwMjgwNDUxMDdaMBAxDjAMBgNVBAMMBUFsaWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0PlEQ2fkq0Na8QeHlMzfH1Itqr3sM+17bvix8dHBR0zXFWKuglM7kkwfiVU16qGliK+AaVjbKMZ21KHrG0xcNaOBjzCBjDAdBgNVHQ4EFgQUCjEIRvaIJhnT1Tjgza0X/kan9bwwHwYDVR0jBBgwFoAUCjEIRvaIJhnT1Tjgza0X/kan9bwwDwYDVR0TAQH/BAUwAwEB/zA5BgNVHREEMjAwgQ9hbGljZUBtYWlsLnRlc3SgHQYKKwYBBAGCNxQCA6APDA1hbGljZUBhZC50ZXN0MAoGCCqGSM49BAMCA0gAMEUCIAR0230L4MItRM3598H44XSqVI47coP/ZPDgUFo79rSfAiEA3YjJrIRoJdmPaQKzArXYSZcMM8HJHAxTGQooOWkar1I=',
  'MIIBdzCCAR2gAwIBAgIUc1WdTDiKPdN1hUvzU85iGH7aJFAwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFcGxhaW4wIBcNMjYxMTIxMDQ1MTA3WhgPMjEyNjEwMjgwNDUxMDdaMBAxDjAMBgNVBAMMBXBsYWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEX8v7hrElB5CjN9qvhM8kYXd2JnR8u1yIEbG7Wk7XY1E/v0CLTYnjO4iNqytxYd6uTSpvX+gX4cacwB5/82PY1KNTMFEwHQYDVR0OBBYEFN6oiFwZtoee/m55M37EWRhJQG/aMB8GA1UdIwQYMBaAFN6oiFwZtoee/m55M37EWRhJQG/aMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgKUVPaiES+pIeMZddDco8tkX7162XDbITRTGYlnre8OUCIQC6RMH+2OpZHSQLDfpwyRPilDkfLHbzPEYU+2U4qDUwgQ==',
].map((text) => Uint8Array.from(Buffer.from(text, 'base64')))
