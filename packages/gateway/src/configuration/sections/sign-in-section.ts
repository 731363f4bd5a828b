import { group, variant } from '../options/option-kinds.js'

/** Ways to sign in, by name. */
export const SIGN_IN = variant({
  about: 'A way to sign in',
  variants: {
    negotiate: group({ about: 'Kerberos, without a page: browsers and clients of the domain', fields: {} }),
  },
})
