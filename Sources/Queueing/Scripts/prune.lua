-- Takes identities of processes that are gone out of the list that Sidekiq's dashboard reads.
--
-- KEYS  1 the lock on this, which any server may hold   2 processes   3… records that seemed to be gone
-- ARGV  1 seconds the lock lasts
-- Returns how many were taken out
--
-- A record lives for 60 seconds after the last beat, and is written in one step with the identity: one that is missing is not
-- of a process that has just begun. It is asked again here, since a process may have come back meanwhile.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('INCRBY', KEYS[1], 1)
redis.call('EXPIRE', KEYS[1], ARGV[1])
local removed = 0
for index = 3, #KEYS do
  if not redis.pcall('HGET', KEYS[index], 'info') then
    removed = removed + redis.call('SREM', KEYS[2], KEYS[index])
  end
end
return removed
