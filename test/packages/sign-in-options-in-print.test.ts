import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BEARER_OPTIONS } from '../../packages/sign-in/src/bearer/bearer-options.js'
import { CERTIFICATE_OPTIONS } from '../../packages/sign-in/src/certificate/certificate-options.js'
import { REVOCATION_OPTIONS } from '../../packages/sign-in/src/certificate/revocation/revocation-options.js'
import { DIGEST_OPTIONS } from '../../packages/sign-in/src/digest/digest-options.js'
import { FORM_OPTIONS } from '../../packages/sign-in/src/form/form-options.js'
import { PASSCODE_OPTIONS } from '../../packages/sign-in/src/passcode/passcode-options.js'
import { RADIUS_OPTIONS } from '../../packages/sign-in/src/radius/radius-options.js'
import { BASIC_OPTIONS } from '../../packages/sign-in/src/basic/basic.js'
import { TRUSTED_HEADER_OPTIONS } from '../../packages/sign-in/src/trusted-header/trusted-header.js'
import { OIDC_OPTIONS } from '../../packages/sign-in/src/oidc/oidc-options.js'
import { root } from './sources.js'

/** The options of each way to sign in, by the heading of its section. */
const optionsOf: Readonly<Record<string, object>> = {
  'bearer()': BEARER_OPTIONS,
  'oidc()': OIDC_OPTIONS,
  'certificate()': { ...CERTIFICATE_OPTIONS, ...REVOCATION_OPTIONS },
  'digest()': DIGEST_OPTIONS,
  'form()': FORM_OPTIONS,
  'passcode()': PASSCODE_OPTIONS,
  RADIUS: RADIUS_OPTIONS,
  'basic()': BASIC_OPTIONS,
  'trustedHeader()': TRUSTED_HEADER_OPTIONS,
}

const page = readFileSync(join(root, 'packages/sign-in/README.md'), 'utf8')

test.each(Object.entries(optionsOf))(
  'the section of %s lists every option once, with type and default',
  (name, table) => {
    const section = page.split(/^## /m).find((one) => one.startsWith(`${name}\n`)) ?? ''
    const rows = [...section.matchAll(/^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$/gm)]
    expect(rows.map(([, option]) => option).sort()).toEqual(Object.keys(table).sort())
    expect(rows.filter(([, , ...cells]) => cells.some((cell) => cell.trim() === ''))).toEqual([])
  },
)
