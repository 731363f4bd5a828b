import { MemoryReplayStore } from '@s4u/acceptor'
import { MemoryAttemptStore } from '@s4u/negotiate'
import { describe, test } from 'vitest'
import { attemptStoreRules } from './attempt-store-rules.js'
import { replayStoreRules } from './replay-store-rules.js'

describe('the replay store in memory', () => {
  const store = new MemoryReplayStore()
  for (const { name, check } of replayStoreRules(() => store)) test(name, check)
})

describe('the store of attempts in memory', () => {
  const store = new MemoryAttemptStore()
  for (const { name, check } of attemptStoreRules(() => store)) test(name, check)
})
