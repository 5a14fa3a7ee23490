-- What is due in a sorted set, by Redis' own clock. Changes nothing.
--
-- KEYS  1 the set
-- ARGV  1 at most so many
-- Returns { milliseconds of Redis' clock, {payload, score, …}, the longest due first }
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
return { tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000), due }
