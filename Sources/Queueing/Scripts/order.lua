-- Gives a process an order, as a dashboard does: the name of a signal, which it takes at its next heartbeat.
--
-- KEYS  1 its record   2 its signals
-- ARGV  1 "TSTP" | "TERM" | "TTIN"   2 seconds the order stands
-- Returns 1, or 0 if there is no such process (any more)
local record, signals = unpack(KEYS)
if redis.call('EXISTS', record) == 0 then return 0 end
redis.call('LPUSH', signals, ARGV[1])
redis.call('EXPIRE', signals, ARGV[2])
return 1
