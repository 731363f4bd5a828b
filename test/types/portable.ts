/**
 * The two packages without a platform: their declarations must compile where nothing of Node is
 * known.
 */
import * as gssapi from '@s4u/gssapi'
import * as krb5 from '@s4u/krb5'

export const packages: object[] = [gssapi, krb5]
