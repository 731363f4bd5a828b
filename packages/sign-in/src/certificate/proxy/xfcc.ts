import { MalformedTokenError } from '@s4u/krb5'
import { certificatesInPem } from '../x509/pem.js'
import { type PresentedChain, unescaped } from './presented-chain.js'

/**
 * Reads Envoy's `X-Forwarded-Client-Cert`: `By=…;Hash=…;Cert="…";Chain="…"`, PEM with the escapes
 * of URLs. Each proxy on the way may append an element with a comma; which of them is the client's
 * depends on how many there are, so that only a single one is read. Source: Envoy, HTTP header
 * manipulation, x-forwarded-client-cert.
 * @throws MalformedTokenError
 */
export function readXfcc(value: string): PresentedChain {
  const fields = fieldsOf(value)
  const leaf = certificatesOf(fields.get('cert'))
  const chain = certificatesOf(fields.get('chain'))
  const [first, ...others] = chain.length > 0 ? chain : leaf
  if (first === undefined) throw malformed('Cert or Chain', 'neither')
  if (leaf[0] !== undefined && Buffer.compare(leaf[0], first) !== 0)
    throw malformed('the same certificate in Cert and first in Chain', 'two')
  return { leaf: first, others }
}

function certificatesOf(value: string | undefined): readonly Uint8Array[] {
  return value === undefined ? [] : certificatesInPem(unescaped(value))
}

function fieldsOf(value: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let rest = value
  while (rest !== '') {
    const field = FIELD.exec(rest)
    if (field === null) throw malformed('key=value, separated by semicolons', 'something else')
    const key = field[1].toLowerCase()
    // Of two, one program would read the first and another the second.
    if (fields.has(key) && key !== 'uri' && key !== 'dns') throw malformed(`one ${key}`, 'two')
    fields.set(key, field[2] ?? field[3] ?? '')
    rest = rest.slice(field[0].length)
    if (rest.startsWith(',')) throw malformed('the element of one proxy', 'several')
    if (rest.startsWith(';')) rest = rest.slice(1)
    else if (rest !== '') throw malformed('a semicolon', 'something else')
  }
  return fields
}

/** `Cert="…"`, with `\"` inside, or a value without quotes. */
const FIELD = /^([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^";,]*))/

function malformed(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'X-Forwarded-Client-Cert', expected, found })
}
