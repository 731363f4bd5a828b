import { MemoryReplayStore } from '@s4u/acceptor'
import { describe, test } from 'vitest'
import { replayStoreRules } from './replay-store-rules.js'

describe('the replay store in memory', () => {
  const store = new MemoryReplayStore()
  for (const { name, check } of replayStoreRules(() => store)) test(name, check)
})
