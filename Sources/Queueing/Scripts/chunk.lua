-- Pushes a chunk of the children of a running job and writes how far the job has come into its payload, as one step.
--
-- KEYS  1 the process's reservations   2 schedule   3 names of queues
-- ARGV  1 id of the reservation   2 its payload before this chunk   3 its payload after it, another one
--       4 prefix of a queue's key   5 so many jobs in a queue are too many for more (0: any number)
--       then, each list led by its length: queues: name, number of jobs, payloads; scheduled jobs: score, payload
-- Returns { "pushed" } | { "known" } pushed by an earlier call | { "gone" } not reserved with that payload
--       | { "deep", queue, jobs in it } | { "blocked", error }; unless it is "pushed" nothing was written
--
-- Whether it was done before is told by the payload, so it may be sent again when an answer was lost. What is refused in
-- the middle, for lack of a right or of memory, is taken back: children that were pushed here are still first in their lists.
-- Handlers name the queues: a name for which a right is missing is the trouble of one run, and no error of the script.
local reservations, schedule, queues = unpack(KEYS)
local id, before, after, prefix, deepest = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local held = redis.call('HGET', reservations, id)
if held == after then return { 'known' } end
if held ~= before then return { 'gone' } end

local cursor = 6
local function take()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end

local function objection(key, wanted)
  local found = redis.pcall('TYPE', key)
  if found.err then return found.err end
  if found.ok == wanted or found.ok == 'none' then return nil end
  return 'WRONGTYPE ' .. key .. ' is a ' .. found.ok .. ', not a ' .. wanted
end

local lists = {}
for list = 1, tonumber(take()) do
  local name, count = take(), tonumber(take())
  local key = prefix .. name
  local problem = objection(key, 'list')
  if problem then return { 'blocked', problem } end
  local depth = redis.pcall('LLEN', key)
  if type(depth) ~= 'number' then return { 'blocked', depth.err } end
  if deepest > 0 and depth >= deepest then return { 'deep', name, depth } end
  lists[list] = { name = name, key = key, first = cursor, last = cursor + count - 1 }
  cursor = cursor + count
end
local scheduled = tonumber(take())
if scheduled > 0 then
  local problem = objection(schedule, 'zset')
  if problem then return { 'blocked', problem } end
end

local pushed, added = {}, {}
local is_done, reason = pcall(function()
  redis.call('HSET', reservations, id, after)
  for _, list in ipairs(lists) do
    pushed[#pushed + 1] = { key = list.key, count = 0 }
    -- unpack takes some 7,999 values at most.
    for start = list.first, list.last, 1000 do
      local last = math.min(start + 999, list.last)
      redis.call('LPUSH', list.key, unpack(ARGV, start, last))
      pushed[#pushed].count = pushed[#pushed].count + last - start + 1
    end
    redis.pcall('SADD', queues, list.name)
  end
  -- A sorted set holds equal members once: white space after a JSON object means nothing and tells twins apart. (As in
  -- exchange.lua.)
  local number = tonumber(string.match(id, '^%d+'))
  for _ = 1, scheduled do
    local score, payload, bits = take(), take(), number
    while redis.call('ZADD', schedule, 'NX', score, payload) == 0 do
      payload = payload .. (bits % 2 == 0 and ' ' or '\t')
      bits = math.floor(bits / 2)
    end
    added[#added + 1] = payload
  end
end)
if is_done then return { 'pushed' } end

for _, payload in ipairs(added) do redis.pcall('ZREM', schedule, payload) end
for _, list in ipairs(pushed) do
  if list.count > 0 then redis.pcall('LTRIM', list.key, list.count, -1) end
end
redis.pcall('HSET', reservations, id, before)
return { 'blocked', type(reason) == 'table' and reason.err or tostring(reason) }
