-- Notes how long the first job of a promised queue waits. Whoever measures may do so: each span of time counts once.
--
-- KEYS  1 what is known of the queue's promise
-- ARGV  1 milliseconds promised   2 milliseconds the first job has waited   3 seconds from one measurement to the next
-- Returns 1 if this span was not noted yet, else 0
--
-- Fields: promise, latency, at (milliseconds of Redis' clock), span; and of each of the last 24 hours since 1970, N:
-- worst:N, the longest wait in milliseconds, and over:N, for how many seconds the promise was broken.
local key = KEYS[1]
local promise, latency, seconds = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1])
local hour = math.floor(now / 3600)
local span = math.floor(now / seconds)
local known = redis.call('HMGET', key, 'span', 'worst:' .. hour)
redis.call('HSET', key, 'promise', ARGV[1], 'latency', ARGV[2], 'span', string.format('%.0f', span),
  'at', string.format('%.0f', now * 1000 + math.floor(tonumber(time[2]) / 1000)))
if latency > (tonumber(known[2]) or -1) then redis.call('HSET', key, 'worst:' .. hour, ARGV[2]) end
local is_new = tonumber(known[1]) ~= span
if is_new and latency > promise then redis.call('HINCRBY', key, 'over:' .. hour, string.format('%.0f', seconds)) end
for old = hour - 30, hour - 24 do redis.call('HDEL', key, 'worst:' .. old, 'over:' .. old) end
redis.call('EXPIRE', key, 86400)
return is_new and 1 or 0
