-- Takes jobs from the place where they wait, and puts each into a queue, into the dead set, or nowhere.
--
-- KEYS  1 where they wait   2 dead   3 names of queues
-- ARGV  1 "list" | "zset"   2 "queue" | "dead" | "drop"   3 prefix of a queue's key
--       4 jobs the dead set keeps   5 seconds it keeps one
--       6 and 7 of a list, between which entries they all should lie, as LRANGE counts them; "": anywhere, one by one
--       8 a value that no job has
--       9… of each: the payload it has there, the queue it goes to or "", the payload it then has
-- Returns of each 1; 0 if it is not there (any more), and nothing was done; or an error, and it is where it was
--
-- Of equal payloads one is taken for each that is named, that which is fetched first. A job that cannot be written goes back, in
-- a list to the end that is fetched next. If those between some entries cannot be taken at once, as when memory is full, that is
-- an error, and nothing was done: one by one it may go.
local source, dead, queues = unpack(KEYS)
local kind, target, prefix, nothing = ARGV[1], ARGV[2], ARGV[3], ARGV[8]

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function after(seconds) return string.format('%.6f', now + seconds) end

local function objection(key, wanted)
  local found = redis.call('TYPE', key).ok
  if found == wanted or found == 'none' then return nil end
  return { err = 'WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. wanted }
end
local function misfit(queue) return target == 'queue' and objection(prefix .. queue, 'list') or nil end

-- Tries the writes that are to come with some that change nothing, so that whoever may not do them has removed nothing. That
-- memory is full is no objection: once something is removed a script may go on.
local function trial(set)
  local reply = redis.pcall('ZADD', set, 'XX', 'GT', '0', nothing)
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'OOM', 1, true) then return reply end
end
local refused = target == 'dead' and (objection(dead, 'zset') or trial(dead))
  or target ~= 'drop' and kind == 'zset' and trial(source) -- the way back
if refused then return refused end

local is_buried = false
local function write(queue, payload)
  if target == 'drop' then return nil end
  if target == 'queue' then
    local reply = redis.pcall('LPUSH', prefix .. queue, payload)
    if type(reply) ~= 'number' then return reply end
    redis.pcall('SADD', queues, queue)
    return nil
  end
  -- White space after a payload means nothing and tells twins apart.
  while true do
    local reply = redis.pcall('ZADD', dead, 'NX', after(0), payload)
    if type(reply) ~= 'number' then return reply end
    if reply == 1 then break end
    payload = payload .. ' '
  end
  is_buried = true
end

local function put_back(member, score)
  if kind == 'zset' then return redis.pcall('ZADD', source, score, member) end
  local reply = redis.pcall('RPUSH', source, member)
  if type(reply) ~= 'number' then reply = redis.pcall('LPUSH', source, member) end
  if type(reply) ~= 'number' then redis.pcall('ZADD', dead, 'NX', after(0), member) end
end

-- Takes those that lie in the window out of a list all at once: one by one would count through the list for each.
-- Returns how many of each payload it has taken, or an error.
local function take_window(first, last)
  local length = redis.call('LLEN', source)
  if first < 0 then first, last = math.max(0, length + first), length + last end
  local direction = first > length / 2 and -1 or 1 -- from whichever end is nearer
  local places = {}
  for number, payload in ipairs(redis.call('LRANGE', source, first, last)) do
    local list = places[payload]
    if list then list[#list + 1] = first + number - 1 else places[payload] = { first + number - 1 } end
  end
  local marked, taken = {}, {}
  local function restore()
    for _, mark in ipairs(marked) do redis.pcall('LSET', source, mark[1], mark[2]) end
  end
  for index = 9, #ARGV, 3 do
    local member = ARGV[index]
    local list = places[member]
    local place = list and not misfit(ARGV[index + 1]) and table.remove(list)
    if place then
      local reply = redis.pcall('LSET', source, place, nothing)
      if type(reply) == 'table' and reply.err then
        restore()
        return reply
      end
      marked[#marked + 1] = { place, member }
      taken[member] = (taken[member] or 0) + 1
    end
  end
  if #marked > 0 then
    local reply = redis.pcall('LREM', source, direction * #marked, nothing)
    if type(reply) ~= 'number' then
      restore()
      return reply
    end
  end
  return { counts = taken }
end

local taken
if kind == 'list' and ARGV[6] ~= '' then
  local answer = take_window(tonumber(ARGV[6]), tonumber(ARGV[7]))
  if answer.err then return answer end
  taken = answer.counts
end

local results = {}
for index = 9, #ARGV, 3 do
  local member, queue, payload = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local result, score = 0, nil
  local wrong = misfit(queue)
  local is_taken = false
  if wrong then
    result = wrong
  elseif taken then
    is_taken = (taken[member] or 0) > 0
    if is_taken then taken[member] = taken[member] - 1 end
  elseif kind == 'list' then
    is_taken = redis.call('LREM', source, -1, member) == 1
  else
    score = redis.call('ZSCORE', source, member)
    is_taken = redis.call('ZREM', source, member) == 1
  end
  if is_taken then
    local problem = write(queue, payload)
    if problem then put_back(member, score) end
    result = problem or 1
  end
  results[#results + 1] = result
end

if is_buried then
  redis.pcall('ZREMRANGEBYSCORE', dead, '-inf', after(-tonumber(ARGV[5])))
  redis.pcall('ZREMRANGEBYRANK', dead, 0, -1 - tonumber(ARGV[4]))
end
return results
