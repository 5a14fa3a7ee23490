-- Settles k reservations and fetches n jobs of one process, as one step.
--
-- KEYS  1 the process's reservations   2 leases   3 retry   4 schedule   5 dead   6 names of queues
--       7, 8 processed: total, today   9, 10 failed: total, today   11 poisoned   12 late results
--       13 names of paused queues   14… the queue of each step
-- ARGV  1 identity   2 how many fetches, one for each of the process's capsules that wants jobs   3 number of the first
--       reservation to be made   4 prefix of a queue's key   5 jobs the dead set keeps   6 seconds it keeps one   7 late results
--       then of each fetch: how many jobs, and a list, as all lists led by its length,
--         of steps, those that may give the same number of jobs together: how many steps, how many jobs each of them
--       then two more lists:
--         groups of reservations that just end: "n" | "s" | "f" (count nothing, a success, a failure), how many, ids
--         others: id, count, then "retry" seconds payload | "snooze" seconds | "bury" payload or "" | "requeue"
--                 | "suspend" payload | "retry unless poison" seconds payload, key of its deaths, so many bury it, seconds they count,
--                   payload that is buried
--                 | "ack" number of children, of each: score or "" (now), queue, payload
--                 | "expire" key of the number of those
--                 | "cancel" payload that is buried, or "": it is dropped; or it is requeued if no request stands any more
--           before any of these, if the job was to be cancelled: "asked" key of requests, key of answers, jid, what became of it
--           then, if it is done element by element: "iteration" key, "" (it is over) or seconds to keep, executions, cursor, runtime
-- Returns { 1 if the process is registered (otherwise nothing was fetched), ids that were no longer reserved, {id, error, …} what
--           could not be settled and is as before, {step, error, …} queues that gave an error, {step, jobs, …} of those that
--           gave any, payloads, ids that were buried as poison, steps whose queue is paused }
--
-- A script that fails half-way keeps what it did. So whatever could refuse is asked before a reservation is removed,
-- and nothing follows from a settlement unless its HDEL removed 1. What refuses all the same, such as an access list
-- without the right to RPUSH, puts the reservation back. A full Redis (OOM) lets a script go on once it has written:
-- hence HDEL and RPOP come first, which need no memory.
local reservations, leases, retry, schedule, dead, queues = unpack(KEYS, 1, 6)
local identity, prefix = ARGV[1], ARGV[4]
local cursor = 8
local function take()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end

redis.call('HLEN', reservations) -- fails, and with it the script, if the key is no hash

local clock
local function after(seconds)
  if not clock then
    local time = redis.call('TIME')
    clock = tonumber(time[1]) + tonumber(time[2]) / 1000000
  end
  return string.format('%.6f', clock + seconds)
end

local types = {}
local function objection(key, wanted)
  types[key] = types[key] or redis.call('TYPE', key).ok
  if types[key] == wanted or types[key] == 'none' then return nil end
  return 'WRONGTYPE ' .. key .. ' is a ' .. types[key] .. ', not a ' .. wanted
end

-- A sorted set holds equal members once, and jobs pushed without a jid can be equal to the last byte. White space
-- after a JSON object means nothing: the bits of the reservation's number tell such twins apart.
local function add(set, score, payload, id)
  local number = tonumber(string.match(id, '^%d+'))
  while redis.call('ZADD', set, 'NX', score, payload) == 0 do
    payload = payload .. (number % 2 == 0 and ' ' or '\t')
    number = math.floor(number / 2)
  end
end

-- Counts a death, and says whether it was counted and whether it is one too many within the span. The reservation is gone by
-- now, so nothing here may fail: what cannot be counted is none. (As in rescue.lua.)
local function count_death(deaths, limit, span)
  local now = tonumber(after(0))
  if type(redis.pcall('RPUSH', deaths, string.format('%.6f', now))) ~= 'number' then return false, false end
  redis.pcall('LTRIM', deaths, -limit, -1)
  redis.pcall('EXPIRE', deaths, span)
  local first = tonumber(redis.pcall('LINDEX', deaths, -limit))
  return true, first ~= nil and first > now - span
end

local fenced, blocked, troubled, poisoned = {}, {}, {}, {}
local late = tonumber(ARGV[7]) -- results of runs; what is put back unstarted is none
local counted = { n = 0, s = 0, f = 0 }

local fetches, most, described = {}, {}, 0
for _ = 1, tonumber(ARGV[2]) do
  local fetch = { wanted = tonumber(take()), first = described + 1 }
  for _ = 1, tonumber(take()) do
    local together, jobs = tonumber(take()), tonumber(take())
    for step = described + 1, described + together do most[step] = jobs end
    described = described + together
  end
  fetch.last = described
  fetches[#fetches + 1] = fetch
end

for _ = 1, tonumber(take()) do
  local count, number = take(), tonumber(take())
  for place = cursor, cursor + number - 1 do
    if redis.call('HDEL', reservations, ARGV[place]) == 1 then
      counted[count] = counted[count] + 1
    else
      fenced[#fenced + 1] = ARGV[place]
      late = late + 1
    end
  end
  cursor = cursor + number
end

local function bury(payload, id)
  add(dead, after(0), payload, id)
  redis.pcall('ZREMRANGEBYSCORE', dead, '-inf', after(-tonumber(ARGV[6])))
  redis.pcall('ZREMRANGEBYRANK', dead, 0, -1 - tonumber(ARGV[5]))
end

local function wait(set, seconds, payload, id)
  return objection(set, 'zset'), function() add(set, after(seconds), payload, id) end
end

local function back(id, command, payload)
  local queue = string.match(id, ':(.*)$')
  return objection(prefix .. queue, 'list'), function()
    redis.call(command, prefix .. queue, payload)
    redis.pcall('SADD', queues, queue)
  end
end

-- Each: what must be true of the keys it writes, then what follows once the reservation is removed. Most exchanges need none.
local others = tonumber(take())
local settle
settle = others > 0 and {
  retry = function(id) return wait(retry, take(), take(), id) end,
  snooze = function(id) return wait(schedule, take(), redis.call('HGET', reservations, id), id) end,
  bury = function(id)
    local payload = take()
    if payload == '' then payload = redis.call('HGET', reservations, id) end -- as it is
    return objection(dead, 'zset'), function() bury(payload, id) end
  end,
  ['retry unless poison'] = function(id)
    local seconds, payload = take(), take()
    local deaths, limit, span, last = take(), tonumber(take()), tonumber(take()), take()
    return objection(retry, 'zset') or objection(dead, 'zset'), function()
      local was_counted, is_poison = count_death(deaths, limit, span)
      local is_written, reason = pcall(function()
        if is_poison then bury(last, id) else add(retry, after(seconds), payload, id) end
      end)
      if not is_written then
        if was_counted then redis.pcall('RPOP', deaths) end -- it is tried, and counted, again
        error(reason, 0)
      end
      if is_poison then
        redis.pcall('DEL', deaths) -- counted anew: somebody may give the job another chance
        redis.pcall('INCRBY', KEYS[11], 1)
        poisoned[#poisoned + 1] = id
      end
    end
  end,
  requeue = function(id) return back(id, 'RPUSH', redis.call('HGET', reservations, id)) end, -- the end that is fetched next
  suspend = function(id) return back(id, 'LPUSH', take()) end, -- behind the others
  cancel = function(id, asked)
    local payload = take()
    if type(redis.pcall('HGET', asked.requests, asked.jid)) ~= 'string' then
      asked.is_void = true
      return settle.requeue(id)
    end
    if payload == '' then return nil, function() end end
    return objection(dead, 'zset'), function() bury(payload, id) end
  end,
  expire = function()
    local total = take()
    return nil, function() redis.pcall('INCRBY', total, 1) end
  end,
  ack = function(id)
    local problem, soon, later = nil, {}, {}
    for _ = 1, tonumber(take()) do
      local score, queue, payload = take(), take(), take()
      if score == '' then
        problem = problem or objection(prefix .. queue, 'list')
        soon[#soon + 1] = { queue, payload }
      else
        problem = problem or objection(schedule, 'zset')
        later[#later + 1] = { score, payload }
      end
    end
    return problem, function()
      -- Lists first: whoever lacks the right to write them has written nothing when that shows.
      for _, child in ipairs(soon) do
        redis.call('LPUSH', prefix .. child[1], child[2])
        redis.pcall('SADD', queues, child[1])
      end
      for _, child in ipairs(later) do add(schedule, child[1], child[2], id) end
    end
  end,
}

-- The request is answered with the end of its job, and not before. What becomes of an answer must not stop a job.
local function answer(asked)
  if redis.pcall('HDEL', asked.requests, asked.jid) ~= 1 then return end
  redis.pcall('HSET', asked.answers, asked.jid, asked.what .. ' ' .. identity)
  redis.pcall('EXPIRE', asked.answers, 60)
end

-- How far a job has come, as in iteration.lua. What cannot be written must not stop the job: it goes on from what was before.
local function keep(key, seconds, executions, element, runtime)
  if seconds == '' then return redis.pcall('UNLINK', key) end
  redis.pcall('HSET', key, 'ex', executions, 'c', element, 'rt', runtime)
  if redis.pcall('TTL', key) == -1 then redis.pcall('EXPIRE', key, seconds) end
end

for _ = 1, others do
  local id, count, what = take(), take(), take()
  local asked, iteration
  if what == 'asked' then
    asked = { requests = take(), answers = take(), jid = take(), what = take() }
    what = take()
  end
  if what == 'iteration' then
    iteration = { take(), take() }
    for part = 3, iteration[2] == '' and 2 or 5 do iteration[part] = take() end
    what = take()
  end
  local problem, follow = settle[what](id, asked)
  if not problem then
    local payload = redis.call('HGET', reservations, id)
    if redis.call('HDEL', reservations, id) == 1 then
      local is_done, reason = pcall(follow)
      if is_done then
        counted[count] = counted[count] + 1
        if asked and not asked.is_void then answer(asked) end
        if iteration then keep(unpack(iteration)) end
      else
        redis.call('HSET', reservations, id, payload)
        problem = type(reason) == 'table' and reason.err or tostring(reason)
      end
    else
      fenced[#fenced + 1] = id
      if what ~= 'requeue' and what ~= 'cancel' and what ~= 'expire' then late = late + 1 end
    end
  end
  if problem then blocked[#blocked + 1], blocked[#blocked + 2] = id, problem end
end

-- Statistics must never stop a job, so a key of another type is passed over. 157680000 s are 5 years.
local function tally(total, day, number)
  if number == 0 then return end
  redis.pcall('INCRBY', total, number)
  if redis.pcall('INCRBY', day, number) == number then redis.pcall('EXPIRE', day, 157680000) end
end
tally(KEYS[7], KEYS[8], counted.s + counted.f)
tally(KEYS[9], KEYS[10], counted.f)
if late > 0 then redis.pcall('INCRBY', KEYS[12], late) end

local registered = redis.call('ZSCORE', leases, identity)
if not registered then fetches = {} end
local sequence = tonumber(ARGV[3])
local payloads, numbers = {}, {}
local fields, filled = {}, 0

-- Whoever may not ask, by an access list of his own, heeds no pause.
local paused, passed = {}, {}
local names = #fetches > 0 and redis.pcall('SMEMBERS', KEYS[13]) or {}
for _, name in ipairs(names) do paused[prefix .. name] = true end
for step = #names > 0 and 1 or described + 1, described do
  if paused[KEYS[13 + step]] then passed[#passed + 1] = step end
end

-- Where one queue is empty others may be, too: of so many that follow it is asked at once whether there is any.
local block = 10
for _, fetch in ipairs(fetches) do
  local step, steps, wanted = fetch.first, fetch.last, fetch.wanted
  local known = 0 -- up to it nothing is to be learned by that
  while step <= steps and wanted > 0 do
    local key = KEYS[13 + step]
    -- pcall, so that one queue of a wrong type does not keep the others from being worked.
    local jobs = not paused[key] and redis.pcall('RPOP', key, math.min(wanted, most[step]))
    if jobs and jobs.err then
      troubled[#troubled + 1], troubled[#troubled + 2] = step, jobs.err
    elseif jobs then
      local queue = string.sub(key, #prefix + 1)
      for job = 1, #jobs do
        payloads[#payloads + 1] = jobs[job]
        fields[filled + 1], fields[filled + 2] = string.format('%016d:%s', sequence, queue), jobs[job]
        filled = filled + 2
        sequence = sequence + 1
      end
      numbers[#numbers + 1], numbers[#numbers + 2] = step, #jobs
      wanted = wanted - #jobs
    else
      while step >= known and steps - step > 2 do
        local last = math.min(step + block, steps)
        known = last
        -- Whoever may not ask, by an access list of his own, asks one by one.
        if redis.pcall('EXISTS', unpack(KEYS, 14 + step, 13 + last)) ~= 0 then break end
        step = last
      end
    end
    step = step + 1
  end
end

-- unpack takes some 7,999 values at most: 1,000 jobs at a time.
for start = 1, filled, 2000 do redis.call('HSET', reservations, unpack(fields, start, math.min(start + 1999, filled))) end

return { registered and 1 or 0, fenced, blocked, troubled, numbers, payloads, poisoned, passed }
