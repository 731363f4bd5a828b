/**
 * The two steps that no single command of Redis does: to count up to a limit, and to take back
 * what was counted. Each changes one key, so that a cluster runs them too. Times are the server's,
 * which all instances share.
 */

/**
 * Arguments: limit, window. Answers 1 and the time, or 0 and how long to wait; milliseconds. The
 * window begins with the first attempt that counts.
 */
export const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
if n >= tonumber(ARGV[1]) then return {0, redis.call('PTTL', KEYS[1])} end
if n == 0 then
  redis.call('HSET', KEYS[1], 'n', 1, 'since', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
else
  redis.call('HINCRBY', KEYS[1], 'n', 1)
end
return {1, now}
`

/**
 * Arguments: outcome, from when the window runs, window, the time that TAKE answered. A failure
 * counts also if the window has ended meanwhile. What is spared is taken back only from the window
 * that has counted it.
 */
export const SETTLE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
if ARGV[1] == 'failed' then
  if n == 0 then redis.call('HSET', KEYS[1], 'n', 1, 'since', string.format('%.0f', now)) end
  if n == 0 or ARGV[2] == 'last' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
elseif n > 0 then
  local counted = tonumber(redis.call('HGET', KEYS[1], 'since')) <= tonumber(ARGV[4])
  if ARGV[2] == 'last' then counted = tonumber(ARGV[4]) + tonumber(ARGV[3]) > now end
  if counted then redis.call('HINCRBY', KEYS[1], 'n', -1) end
end
return 1
`
