-- When the first members of sorted sets are due, by Redis' own clock. Changes nothing.
--
-- KEYS  1… the sets
-- ARGV  nothing
-- Returns of each set: milliseconds until its first member is due (0: it is due), -1 if it is empty, or the error
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local waits = {}
for index, key in ipairs(KEYS) do
  local first = redis.pcall('ZRANGEBYSCORE', key, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if first.err then
    waits[index] = first.err
  elseif first[2] then
    -- An hour is as good as any longer time: a score may be infinite.
    waits[index] = math.ceil(math.min(math.max(tonumber(first[2]) * 1000 - now, 0), 3600000))
  else
    waits[index] = -1
  end
end
return waits
