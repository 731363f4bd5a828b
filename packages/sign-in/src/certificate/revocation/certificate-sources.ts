import type { DerReader } from '@s4u/krb5'
import { constructed, eachOf, readDer, readOid, Tag } from '../x509/read-der.js'
import type { X509Fields } from '../x509/x509-certificate.js'

/** Where a certificate says that its status is to be had. */
export interface StatusSources {
  /** Addresses of OCSP responders. */
  readonly responders: readonly string[]
  /** Addresses of revocation lists. */
  readonly lists: readonly string[]
}

const AUTHORITY_INFORMATION = '1.3.6.1.5.5.7.1.1'
const OCSP = '1.3.6.1.5.5.7.48.1'
const DISTRIBUTION_POINTS = '2.5.29.31'
const URI = 0x86

/** Reads both extensions. Source: RFC 5280 section 4.2.2.1 and section 4.2.1.13. */
export function readStatusSources({ extensions }: Pick<X509Fields, 'extensions'>): StatusSources {
  const access = extensions.get(AUTHORITY_INFORMATION)?.value
  const points = extensions.get(DISTRIBUTION_POINTS)?.value
  return {
    responders: access === undefined ? [] : readDer('AuthorityInfoAccess', access, readResponders),
    lists: points === undefined ? [] : readDer('CRLDistributionPoints', points, readPoints),
  }
}

function readResponders(reader: DerReader): readonly string[] {
  const found: string[] = []
  eachOf(reader, Tag.SEQUENCE, () => {
    const enclosing = reader.enter(Tag.SEQUENCE)
    const isOcsp = readOid(reader) === OCSP
    if (isOcsp && reader.peek() === URI) found.push(latin1.decode(reader.contents(URI)))
    else reader.skip()
    reader.leave(enclosing)
  })
  return found
}

/** Points for some reasons, and those whose list another authority signs, are left out. */
function readPoints(reader: DerReader): readonly string[] {
  const found: string[] = []
  eachOf(reader, Tag.SEQUENCE, () => {
    const enclosing = reader.enter(Tag.SEQUENCE)
    const uris = reader.peek() === constructed(0) ? readDistributionPointName(reader) : []
    if (reader.position === reader.end) found.push(...uris)
    reader.position = reader.end
    reader.leave(enclosing)
  })
  return found
}

/** Reads `[0] { fullName [0] GeneralNames }`, and returns the URIs in it. */
export function readDistributionPointName(reader: DerReader): readonly string[] {
  const found: string[] = []
  const enclosing = reader.enter(constructed(0))
  if (reader.peek() === constructed(0))
    eachOf(reader, constructed(0), () => {
      if (reader.peek() === URI) found.push(latin1.decode(reader.contents(URI)))
      else reader.skip()
    })
  else reader.skip()
  reader.leave(enclosing)
  return found
}

const latin1 = new TextDecoder('latin1')
