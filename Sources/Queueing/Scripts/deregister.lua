-- Ends a process's lease and takes it off the dashboard.
--
-- KEYS  1 leases   2 its origin   3 its reservations   4 processes   5 its work   6 the same for Sidekiq up to 6.4
-- ARGV  1 identity
-- Returns the number of its reservations. If there are some, its lease and origin stay but are over, so that rescue
-- finds them.
local leases, origin, reservations, processes, work, old_work = unpack(KEYS)
local identity = ARGV[1]
local left = redis.call('HLEN', reservations)
local known = redis.call('ZREM', leases, identity)
if left == 0 then
  redis.call('DEL', origin)
elseif known == 1 then
  redis.call('ZADD', leases, 0, identity)
end
redis.pcall('SREM', processes, identity)
redis.call('UNLINK', work, old_work)
return left
