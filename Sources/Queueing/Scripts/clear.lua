-- Removes a queue with all that waits in it, and its name from the list of queues.
--
-- KEYS  1 the queue   2 names of queues
-- ARGV  1 its name
-- Returns how many jobs that were
local queue, queues = unpack(KEYS)
local count = redis.call('LLEN', queue)
redis.call('UNLINK', queue)
redis.call('SREM', queues, ARGV[1])
return count
