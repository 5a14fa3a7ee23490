-- Gives back what a vanished process held, each job to its queue, and forgets the process.
--
-- KEYS  1 leases   2 its reservations   3 its origin   4 names of queues   5 processes   6 its record   7 its work
-- ARGV  1 identity   2 "1" if it is known to be gone, so that its lease does not matter   3 prefix of a queue's key
-- Returns { 1 if it is alive (nothing was done), {queue, jobs, …}, {queue, error, …} }
--
-- The oldest job is pushed last, to the end that is fetched next. What cannot be given back, since its queue is no
-- list, stays reserved, and the lease stays over: rescue will be tried again.
local leases, reservations, origin, queues, processes, record, work = unpack(KEYS)
local identity, prefix = ARGV[1], ARGV[3]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lease = redis.call('ZSCORE', leases, identity)
if ARGV[2] ~= '1' and lease and tonumber(lease) > now then return { 1, {}, {} } end

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
for _, queue in ipairs(names) do
  local key = prefix .. queue
  local found = redis.call('TYPE', key).ok
  if queue == '' or (found ~= 'list' and found ~= 'none') then
    troubled[#troubled + 1] = queue
    troubled[#troubled + 1] = 'WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a list'
  else
    local count = #ids[queue]
    for start = 1, count, 1000 do
      local last = math.min(start + 999, count)
      redis.call('HDEL', reservations, unpack(ids[queue], start, last))
      redis.call('RPUSH', key, unpack(payloads[queue], start, last))
    end
    redis.pcall('SADD', queues, queue)
    returned[#returned + 1] = queue
    returned[#returned + 1] = count
  end
end

redis.call('ZREM', leases, identity)
if #troubled > 0 then
  redis.call('ZADD', leases, 0, identity)
else
  redis.call('DEL', origin)
end
redis.pcall('SREM', processes, identity)
redis.call('UNLINK', record, work)
return { 0, returned, troubled }
