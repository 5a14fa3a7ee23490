-- Registers a process, or renews its lease; on request also its record for Sidekiq's dashboard.
--
-- KEYS  1 leases   2 its origin   3 processes   4 its record   5 its work   6 its signals
--       7 its work, under the name Sidekiq up to 6.4 looks for
-- ARGV  1 identity   2 milliseconds the lease lasts   3 "1" to register
--       then three lists, each led by its length: fields and values of the origin, of the record, of the work;
--       with an empty record the dashboard's keys are left alone
-- Returns { 1 if it held a lease before, milliseconds of Redis' clock, a signal it is to get or "", an error or "" }
--
-- A process whose lease was taken away is told so and stays without one, so that it cannot go on unaware.
local leases, origin, processes, record, work, signals, old_work = unpack(KEYS)
local identity = ARGV[1]
local cursor = 4
local function take_list()
  local length = tonumber(ARGV[cursor])
  local list = {}
  for index = 1, length do list[index] = ARGV[cursor + index] end
  cursor = cursor + length + 1
  return list
end
local origin_fields, record_fields, work_fields = take_list(), take_list(), take_list()

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- ZREM before ZADD: with a write behind it a script may go on even when memory is full, and a lease has to.
local known = redis.call('ZREM', leases, identity)
if known == 0 and ARGV[3] ~= '1' then return { 0, now, '', '' } end
redis.call('ZADD', leases, string.format('%.0f', now + tonumber(ARGV[2])), identity)

local problem = ''
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then
    problem = reply.err
    return nil
  end
  return reply
end
local function fill(hash, fields)
  for start = 1, #fields, 2000 do try('HSET', hash, unpack(fields, start, math.min(start + 1999, #fields))) end
end

fill(origin, origin_fields)
local signal
if #record_fields > 0 then
  try('SADD', processes, identity)
  fill(record, record_fields)
  try('EXPIRE', record, 60)
  try('UNLINK', work, old_work)
  fill(work, work_fields)
  try('EXPIRE', work, 60)
  if #work_fields > 0 then try('COPY', work, old_work) end -- with its time to live
  signal = try('RPOP', signals)
end
return { known, now, signal or '', problem }
