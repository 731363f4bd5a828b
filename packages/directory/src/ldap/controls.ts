/** Controls that ldapts does not have, and the answer of the one that it has. */

import { Ber, type BerWriter, Control, PagedResultsControl } from 'ldapts'
import { BerReader, Tag } from './ber-reader.js'

/** RFC 2696. */
export const PAGED_RESULTS = PagedResultsControl.type

/**
 * Selects the parts of security descriptors. Without this control, an account that may not read
 * the SACL gets no descriptor at all. MS-ADTS 3.1.1.3.4.1.11.
 */
const SD_FLAGS = '1.2.840.113556.1.4.801'

/**
 * No references to other parts of the forest, and no entries of them. MS-ADTS section
 * 3.1.1.3.4.1.2.
 */
const DOMAIN_SCOPE = '1.2.840.113556.1.4.1339'

class OctetControl extends Control {
  readonly #value: Uint8Array | undefined

  constructor(type: string, value?: Uint8Array) {
    super(type)
    this.#value = value
  }

  override writeControl(writer: BerWriter): void {
    if (this.#value !== undefined) writer.writeBuffer(Buffer.from(this.#value), Ber.OctetString)
  }
}

/** Owner, group and DACL: `SEQUENCE { INTEGER 7 }`. */
export function securityDescriptorFlags(): Control {
  return new OctetControl(SD_FLAGS, Uint8Array.of(0x30, 3, 2, 1, 7))
}

export function domainScope(): Control {
  return new OctetControl(DOMAIN_SCOPE)
}

/**
 * Returns the control that asks for one page. The page begins where the cookie of the page before
 * it says.
 */
export function pagedResults(size: number, cookie: Uint8Array | undefined): Control {
  return new PagedResultsControl({ value: { size, cookie: Buffer.from(cookie ?? new Uint8Array(0)) } })
}

/**
 * The cookie of the next page; undefined where this was the last one.
 * @throws MalformedTokenError
 */
export function cookieOf(value: Uint8Array): Uint8Array | undefined {
  const control = new BerReader(value, 'realSearchControlValue').enter(Tag.SEQUENCE, 'value')
  control.integer('size')
  const cookie = control.octets('cookie')
  return cookie.length === 0 ? undefined : cookie
}
