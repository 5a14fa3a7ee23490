-- Adds what runs cost, by class, to the minute and the hour they are filed under; at most once for each parcel.
--
-- KEYS  1 the last parcel of this process   2 index of classes   3 minute, 4 hour of all that find no room in the index
--       then for each class its minute and its hour, and for each handler its record of malloc
-- ARGV  1 number of the parcel   2 seconds the parcel's number is kept   3 most classes in the index
--       4 seconds a minute is kept   5 seconds an hour and the index are kept   6 when it began, epoch seconds
--       7 number of classes, then for each class: its name, and two lists led by their lengths, each of fields and
--       numbers: what is added, what replaces a smaller number
--       then the number of handlers, and for each: its setting, runs, sum of their peaks in KiB, the highest in KiB
-- Returns 1; 0 if this parcel was added before
--
-- A parcel whose answer was lost is sent again as it was, under its number.
local parcel, index, other_minute, other_hour = unpack(KEYS, 1, 4)
local number = tonumber(ARGV[1])
local most, minute_life, hour_life, since = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local key, cursor = 4, 7
local function take()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end
local function take_key()
  key = key + 1
  return KEYS[key]
end

-- Before anything else is written: if Redis refuses this (it is full, say), nothing is done at all.
if number <= tonumber(redis.call('HGET', parcel, 'number') or '0') then return 0 end
redis.call('HSET', parcel, 'number', ARGV[1])
redis.call('EXPIRE', parcel, ARGV[2])

-- What stands in the way of one class is no reason to lose the others.
local try = redis.pcall
local now = tonumber(redis.call('TIME')[1])
try('ZREMRANGEBYSCORE', index, '-inf', '(' .. (now - tonumber(hour_life)))
local size = try('ZCARD', index)
size = type(size) == 'number' and size or 0

local function raise(hash, field, value)
  local held = try('HGET', hash, field)
  if type(held) == 'table' then return end
  if not held or tonumber(held) < tonumber(value) then try('HSET', hash, field, value) end
end

for _ = 1, tonumber(take()) do
  local name, minute, hour = take(), take_key(), take_key()
  local is_new = not try('ZSCORE', index, name)
  if is_new and size >= most then
    name, minute, hour = '(other)', other_minute, other_hour
  elseif is_new then
    size = size + 1
  end
  try('ZADD', index, now, name)
  for _ = 1, tonumber(take()) do
    local field, amount = take(), take()
    try('HINCRBY', minute, field, amount)
    try('HINCRBY', hour, field, amount)
  end
  for _ = 1, tonumber(take()) do
    local field, value = take(), take()
    raise(minute, field, value)
    raise(hour, field, value)
  end
  for _, window in ipairs({ minute, hour }) do
    if try('HGET', window, 'since') == false then try('HSET', window, 'since', since) end
  end
  try('EXPIRE', minute, minute_life)
  try('EXPIRE', hour, hour_life)
end
try('EXPIRE', index, hour_life)

-- Of a handler's settings two are kept: what it has now, and what it had before.
for _ = 1, tonumber(take()) do
  local hash, setting = take_key(), take()
  local current = try('HGET', hash, 'now')
  if type(current) ~= 'table' then
    if current ~= setting then
      -- While workers are replaced, old and new take turns here: then the two only change places.
      local former = try('HGET', hash, 'before')
      if former and former ~= setting then
        try('HDEL', hash, former .. '|runs', former .. '|sum', former .. '|peak', former .. '|since')
      end
      if current then try('HSET', hash, 'before', current) end
      try('HSET', hash, 'now', setting)
      if not try('HGET', hash, setting .. '|since') then try('HSET', hash, setting .. '|since', since) end
    end
    try('HINCRBY', hash, setting .. '|runs', take())
    try('HINCRBY', hash, setting .. '|sum', take())
    raise(hash, setting .. '|peak', take())
    try('EXPIRE', hash, hour_life)
  else
    cursor = cursor + 3
  end
end
return 1
