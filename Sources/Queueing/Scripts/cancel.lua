-- Moves one job that waits from where it waits to the dead set, or drops it, if it is still there.
--
-- KEYS  1 where it waits   2 dead   3 requests to cancel jobs
-- ARGV  1 "list" | "zset"   2 jobs the dead set keeps   3 seconds it keeps one   4 its jid   5 its payload
--       6 the payload that is buried, or "": it is dropped
-- Returns 1, or 0 if it is not there (any more): nothing was done then
--
-- Of equal payloads one is moved: of a list that which is fetched first. What cannot be buried after all is put back, to the
-- end that is fetched next.
local source, dead, requests = unpack(KEYS)
local kind, jid, member, payload = ARGV[1], ARGV[4], ARGV[5], ARGV[6]

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function after(seconds) return string.format('%.6f', now + seconds) end

-- Tries the write that is to come with one that changes nothing, so that whoever may not do it has removed nothing. That
-- memory is full is no objection: see below.
if payload ~= '' then
  local found = redis.call('TYPE', dead).ok
  if found ~= 'zset' and found ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. dead .. ' is a ' .. found .. ', not a zset')
  end
  local trial = redis.pcall('ZADD', dead, 'XX', 'GT', '0', payload)
  if type(trial) == 'table' and trial.err and not string.find(trial.err, 'OOM', 1, true) then return trial end
end

-- Removed before anything is written: with that behind it a script may go on even when memory is full.
local score
if kind == 'list' then
  if redis.call('LREM', source, -1, member) == 0 then return 0 end
else
  score = redis.call('ZSCORE', source, member)
  if redis.call('ZREM', source, member) == 0 then return 0 end
end

if payload ~= '' then
  local is_done, reason = pcall(function()
    -- White space after a JSON object means nothing and tells twins apart.
    while redis.call('ZADD', dead, 'NX', after(0), payload) == 0 do payload = payload .. ' ' end
  end)
  if not is_done then
    if kind == 'list' then redis.call('RPUSH', source, member) else redis.call('ZADD', source, score, member) end
    return redis.error_reply(type(reason) == 'table' and reason.err or tostring(reason))
  end
  redis.pcall('ZREMRANGEBYSCORE', dead, '-inf', after(-tonumber(ARGV[3])))
  redis.pcall('ZREMRANGEBYRANK', dead, 0, -1 - tonumber(ARGV[2]))
end
redis.pcall('HDEL', requests, jid)
return 1
