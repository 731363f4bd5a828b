import { expect, test } from 'vitest'
import { decode, encode } from '../asn1/codec.js'
import { kerberosFlags } from '../asn1/primitives.js'
import { ApReq } from './ap.js'
import { NameType } from './principal-name.js'
import { Ticket } from './ticket.js'

const ticketFor = (host: string): Ticket => ({
  realm: 'AD.TEST',
  sname: { nameType: NameType.SRV_INST, nameString: ['HTTP', host] },
  encPart: { etype: 18, kvno: 2, cipher: new Uint8Array(300).fill(host.length) },
})

test('a ticket that is written again is written the same, alone and in a message', () => {
  const ticket = ticketFor('web.ad.test')
  const first = encode(Ticket, ticket)
  expect(encode(Ticket, ticket)).toEqual(first)
  const apReq = { apOptions: kerberosFlags(), ticket, authenticator: ticket.encPart }
  expect(decode(ApReq, encode(ApReq, apReq)).ticket).toEqual(decode(Ticket, first))
})

test('what was written before is nobody else’s to change', () => {
  const ticket = ticketFor('web.ad.test')
  const first = encode(Ticket, ticket)
  const kept = first.slice()
  first.fill(0)
  expect(encode(Ticket, ticket)).toEqual(kept)
})

test('a ticket made of another one is written as it is', () => {
  const ticket = ticketFor('web.ad.test')
  encode(Ticket, ticket)
  expect(encode(Ticket, { ...ticket, sname: ticketFor('api.ad.test').sname })).not.toEqual(encode(Ticket, ticket))
})
