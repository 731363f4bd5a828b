import { decode, EncryptedData, Key, KeyUsage, openEncryptedData, PaEncTsEnc, PaPacRequest, PaType } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { pacRequest, timestamp, WANTS_PROOF } from './as-padata.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'

const context: KdcContext = {
  transport: async () => new Uint8Array(0),
  clock: new KdcClock(() => 1_234_567),
  random: (length) => new Uint8Array(length),
  etypes: [18],
}

test.each([
  [undefined, true],
  [true, true],
  [false, false],
])('a PAC is asked for unless it is not wanted (%s)', (pac, includePac) => {
  const { padataType, padataValue } = pacRequest({ ...context, ...(pac !== undefined && { pac }) })
  expect(padataType).toBe(PaType.PAC_REQUEST)
  expect(decode(PaPacRequest, padataValue)).toEqual({ includePac })
})

test('the proof of the key is the time, sealed with it for that alone', () => {
  const key = Key.random(18)
  const { padataType, padataValue } = timestamp(context, key)
  expect(padataType).toBe(PaType.ENC_TIMESTAMP)
  const opened = openEncryptedData(decode(EncryptedData, padataValue), key, KeyUsage.PA_ENC_TIMESTAMP)
  expect(decode(PaEncTsEnc, opened)).toEqual({ patimestamp: 1_234_000, pausec: 567_000 })
})

test('the wish for a proof of the request says nothing', () => {
  expect(WANTS_PROOF).toEqual({ padataType: PaType.REQ_ENC_PA_REP, padataValue: new Uint8Array(0) })
})
