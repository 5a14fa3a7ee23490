-- Writes how far a running job has come that is done element by element.
--
-- KEYS  1 the process's reservations   2 the job's iteration
-- ARGV  1 id of the reservation   2 seconds for which the iteration is kept   3 executions   4 cursor, JSON
--       5 runtime in seconds
-- Returns { "written" }, with when it was cancelled if it was | { "gone" } not reserved here: nothing was written
--
-- The key lives from its first write on, as with EXPIRE NX, which Redis 6.2 does not have.
local reservations, iteration = unpack(KEYS)
if not redis.call('HGET', reservations, ARGV[1]) then return { 'gone' } end
redis.call('HSET', iteration, 'ex', ARGV[3], 'c', ARGV[4], 'rt', ARGV[5])
if redis.call('TTL', iteration) < 0 then redis.call('EXPIRE', iteration, ARGV[2]) end
local cancelled = redis.call('HGET', iteration, 'cancelled')
if cancelled then return { 'written', cancelled } end
return { 'written' }
