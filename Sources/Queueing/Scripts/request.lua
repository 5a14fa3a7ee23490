-- Asks for jobs to be cancelled: workers read the requests, and whoever settles such a job removes its request.
--
-- KEYS  1 requests   2 answers
-- ARGV  1 seconds a request stands   2 who asks   3… jids
-- Returns milliseconds of Redis' clock
--
-- A request is "MILLISECONDS WHO". What stands for longer than it may, since its job is nowhere, goes with the next request,
-- and all of them when no request was made for so long.
local requests, answers = unpack(KEYS)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local stands = tonumber(ARGV[1])

local held = redis.call('HGETALL', requests)
for index = 1, #held, 2 do
  local since = tonumber(string.match(held[index + 1], '^%d+')) or 0
  if since <= now - stands * 1000 then redis.call('HDEL', requests, held[index]) end
end
local value = string.format('%.0f %s', now, ARGV[2])
for index = 3, #ARGV do
  redis.call('HDEL', answers, ARGV[index]) -- to an earlier request
  redis.call('HSET', requests, ARGV[index], value)
end
redis.call('EXPIRE', requests, stands)
return now
