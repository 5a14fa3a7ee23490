-- Moves due jobs from a sorted set to their queues, each only if it still was in the set.
--
-- KEYS  1 the set   2 dead   3 names of queues
-- ARGV  1 prefix of a queue's key   2 jobs the dead set keeps   3 seconds it keeps one
--       4… of each: the member, its queue or "" (it is no job: to the dead set as it is), the payload to push
-- Returns { jobs pushed, members buried, {key, error, …} }
--
-- What cannot be moved, since the key is of another type or may not be written, is put off by a minute: it must not fill
-- every batch.
local set, dead, queues = unpack(KEYS)
local prefix = ARGV[1]

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function after(seconds) return string.format('%.6f', now + seconds) end

local types = {}
local function objection(key, wanted)
  types[key] = types[key] or redis.call('TYPE', key).ok
  if types[key] == wanted or types[key] == 'none' then return nil end
  return 'WRONGTYPE ' .. key .. ' is a ' .. types[key] .. ', not a ' .. wanted
end

-- What is in the dead set already, to the last byte, came there before: white space after it tells the two apart, as in
-- exchange.lua.
local function bury(member, number)
  while redis.call('ZADD', dead, 'NX', after(0), member) == 0 do
    member = member .. (number % 2 == 0 and ' ' or '\t')
    number = math.floor(number / 2)
  end
end

local promoted, buried, troubled, named = 0, 0, {}, {}
local function trouble(key, problem)
  troubled[#troubled + 1] = key
  troubled[#troubled + 1] = problem
end
for index = 4, #ARGV, 3 do
  local member, queue, payload = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local key = queue == '' and dead or prefix .. queue
  local problem = objection(key, queue == '' and 'zset' or 'list')
  if problem then
    redis.pcall('ZADD', set, 'XX', after(60), member)
    trouble(key, problem)
  elseif redis.call('ZREM', set, member) == 1 then
    if queue == '' then
      bury(member, math.floor(now * 1000000) % 4294967296)
      buried = buried + 1
    else
      local reply = redis.pcall('LPUSH', key, payload)
      if type(reply) == 'number' then
        if not named[queue] then redis.pcall('SADD', queues, queue) end
        named[queue] = true
        promoted = promoted + 1
      else
        redis.call('ZADD', set, after(60), member)
        trouble(key, reply.err)
      end
    end
  end
end

if buried > 0 then
  redis.pcall('ZREMRANGEBYSCORE', dead, '-inf', after(-tonumber(ARGV[3])))
  redis.pcall('ZREMRANGEBYRANK', dead, 0, -1 - tonumber(ARGV[2]))
end
return { promoted, buried, troubled }
