-- Gives back what a vanished process held, each job to its queue, and forgets the process.
--
-- KEYS  1 leases   2 its reservations   3 its origin   4 names of queues   5 processes   6 its record   7 its work
--       8 dead   9 poisoned   10 its work for Sidekiq up to 6.4
-- ARGV  1 identity   2 "1" if it is known to be gone, so that its lease does not matter   3 prefix of a queue's key
--       4 jobs the dead set keeps   5 seconds it keeps one
--       6… six for each job that was running when it died of nothing we can explain: reservation, key of its deaths, so many
--       bury it, seconds they count, payload that is buried ("": it is only counted), payload that this was made from
--       ("": whichever; a job that has another one by now has gone on, and is not buried)
-- Returns { 1 if it is alive (nothing was done), {queue, jobs, …}, {queue, error, …}, reservations buried as poison }
--
-- The oldest job is pushed last, to the end that is fetched next. What cannot be given back, since its queue is no
-- list or may not be written, stays reserved, and the lease stays over: rescue will be tried again.
local leases, reservations, origin, queues, processes, record, work, dead, poisoned, old_work = unpack(KEYS)
local identity, prefix = ARGV[1], ARGV[3]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lease = redis.call('ZSCORE', leases, identity)
if ARGV[2] ~= '1' and lease and tonumber(lease) > now then return { 1, {}, {}, {} } end

local running = {}
for index = 6, #ARGV, 6 do
  running[ARGV[index]] = {
    deaths = ARGV[index + 1],
    limit = tonumber(ARGV[index + 2]),
    span = tonumber(ARGV[index + 3]),
    payload = ARGV[index + 4],
    seen = ARGV[index + 5],
  }
end
local dead_type = redis.call('TYPE', dead).ok
local can_bury = dead_type == 'zset' or dead_type == 'none'

-- Counts a death, and says whether it is one too many within the span. The reservation is gone by now, so nothing here may
-- fail: what cannot be counted is none. (As in exchange.lua.)
local function is_poison(job, payload)
  if type(redis.pcall('RPUSH', job.deaths, string.format('%.3f', now / 1000))) ~= 'number' then return false end
  job.is_counted = true
  redis.pcall('LTRIM', job.deaths, -job.limit, -1)
  redis.pcall('EXPIRE', job.deaths, job.span)
  local first = tonumber(redis.pcall('LINDEX', job.deaths, -job.limit))
  if first == nil or first <= now / 1000 - job.span then return false end
  return job.payload ~= '' and (job.seen == '' or job.seen == payload) and can_bury
end

local buried = {}
-- Says whether it could: a job that may not be buried goes back to its queue.
local function bury(id, job)
  local payload = job.payload
  local number = tonumber(string.match(id, '^%d+')) -- tells twins apart, as in exchange.lua
  while true do
    local added = redis.pcall('ZADD', dead, 'NX', string.format('%.3f', now / 1000), payload)
    if type(added) ~= 'number' then return false end
    if added == 1 then break end
    payload = payload .. (number % 2 == 0 and ' ' or '\t')
    number = math.floor(number / 2)
  end
  redis.pcall('ZREMRANGEBYSCORE', dead, '-inf', string.format('%.3f', now / 1000 - tonumber(ARGV[5])))
  redis.pcall('ZREMRANGEBYRANK', dead, 0, -1 - tonumber(ARGV[4]))
  redis.pcall('DEL', job.deaths) -- counted anew: somebody may give the job another chance
  redis.pcall('INCRBY', poisoned, 1)
  buried[#buried + 1] = id
  return true
end

local jobs = {}
local held = redis.call('HGETALL', reservations)
for index = 1, #held, 2 do
  local number, queue = string.match(held[index], '^(%d+):(.+)$')
  jobs[#jobs + 1] = { number = tonumber(number) or -1, id = held[index], queue = queue or '', payload = held[index + 1] }
end
table.sort(jobs, function(a, b) return a.number > b.number end)

local names, ids, payloads = {}, {}, {}
for _, job in ipairs(jobs) do
  if not ids[job.queue] then
    names[#names + 1] = job.queue
    ids[job.queue], payloads[job.queue] = {}, {}
  end
  table.insert(ids[job.queue], job.id)
  table.insert(payloads[job.queue], job.payload)
end

local returned, troubled = {}, {}
local function trouble(queue, problem)
  troubled[#troubled + 1] = queue
  troubled[#troubled + 1] = problem
end

for _, queue in ipairs(names) do
  local key = prefix .. queue
  local found = redis.call('TYPE', key).ok
  if queue == '' or (found ~= 'list' and found ~= 'none') then
    trouble(queue, 'WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a list')
  else
    local count, given = #ids[queue], 0
    for start = 1, count, 1000 do
      local last = math.min(start + 999, count)
      redis.call('HDEL', reservations, unpack(ids[queue], start, last))
      local back, kept = {}, {}
      for index = start, last do
        local id = ids[queue][index]
        if not (running[id] and is_poison(running[id], payloads[queue][index]) and bury(id, running[id])) then
          back[#back + 1] = payloads[queue][index]
          kept[#kept + 1] = id
          kept[#kept + 1] = payloads[queue][index]
        end
      end
      local reply = #back > 0 and redis.pcall('RPUSH', key, unpack(back)) or 0
      if type(reply) == 'number' then
        given = given + #back
      else
        redis.call('HSET', reservations, unpack(kept))
        for index = 1, #kept, 2 do -- they are rescued, and their deaths counted, again
          local job = running[kept[index]]
          if job and job.is_counted then redis.pcall('RPOP', job.deaths) end
        end
        trouble(queue, reply.err)
        break
      end
    end
    redis.pcall('SADD', queues, queue)
    returned[#returned + 1] = queue
    returned[#returned + 1] = given
  end
end

redis.call('ZREM', leases, identity)
if #troubled > 0 then
  redis.call('ZADD', leases, 0, identity)
else
  redis.call('DEL', origin)
end
redis.pcall('SREM', processes, identity)
redis.call('UNLINK', record, work, old_work)
return { 0, returned, troubled, buried }
