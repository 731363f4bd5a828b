import { encode, EtypeInfo2, KRB_ERROR_CODES, KrbError, MethodData, PaType } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { createKdcClient } from './create-kdc-client.js'

test('a KDC that has no key of our encryption types is answered with the commands that give it one', async () => {
  const info = encode(EtypeInfo2, [{ etype: 23 }, { etype: 3 }])
  const eData = encode(MethodData, [{ padataType: PaType.ETYPE_INFO2, padataValue: info }])
  const refusal = encode(KrbError, {
    stime: 0,
    susec: 0,
    errorCode: KRB_ERROR_CODES.KDC_ERR_PREAUTH_REQUIRED,
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
    eData,
  })
  const credentials = { principal: 'svc-web@AD.TEST', password: 'x' }
  const client = createKdcClient({ kdc: async () => refusal, credentials, encryptionTypes: [18, 17] })
  await expect(client.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject({
    name: 'KdcError',
    code: 'KDC_ERR_ETYPE_NOSUPP',
    hint: expect.stringMatching(
      /rc4-hmac.*aes256-cts-hmac-sha1-96.*Set-ADUser svc-web -KerberosEncryptionType AES128,AES256 \| net ads enctypes set svc-web 24 \| kadmin cpw svc-web@AD.TEST$/,
    ),
  })
})
