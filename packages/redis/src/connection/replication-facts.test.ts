import { expect, test } from 'vitest'
import { replicationFactsOf } from './replication-facts.js'

/** Lines of Redis 7.0. */
const INFO = [
  '# Replication',
  'role:master',
  'connected_slaves:5',
  'slave0:ip=127.0.0.9,port=7902,state=online,offset=14,lag=0',
  'slave1:ip=127.0.0.9,port=7903,state=online,offset=13,lag=3,type=replica',
  'slave2:ip=127.0.0.9,port=7904,state=online,offset=0,lag=4',
  'slave3:ip=127.0.0.9,port=7905,state=online,offset=0,lag=-1',
  'slave4:ip=127.0.0.9,port=7906,state=wait_bgsave,offset=0,lag=0',
  'master_replid:1cdcbf3e187103b38f61346aa7acd1247e429223',
  'master_repl_offset:14',
  'second_repl_offset:-1',
  'repl_backlog_active:1',
  '',
].join('\r\n')

test('a master says who has a copy, and who of them has answered within four seconds', () => {
  const facts = {
    ...{ history: '1cdcbf3e187103b38f61346aa7acd1247e429223', wasPromoted: false, hasBacklog: true },
    ...{ replicas: 4, present: 2, offset: 14, replicaOffsets: [14, 13, 0, 0] },
  }
  expect(replicationFactsOf(INFO)).toEqual(facts)
  expect(replicationFactsOf(Buffer.from(INFO))).toEqual(facts)
})

test('one that was a replica says so', () => {
  expect(replicationFactsOf(INFO.replace('second_repl_offset:-1', 'second_repl_offset:0'))).toMatchObject({
    wasPromoted: true,
  })
})

test.each([undefined, null, 7, Object.create(null), '', 'slave0:state=online,lag=x'])(
  'of the answer %j nothing is known',
  (info) => {
    expect(replicationFactsOf(info)).toEqual({
      ...{ history: undefined, wasPromoted: false, hasBacklog: false, replicas: 0, present: 0 },
      ...{ offset: undefined, replicaOffsets: [] },
    })
  },
)
