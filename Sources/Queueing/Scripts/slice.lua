-- Looks through one slice of a queue for jobs whose text holds one of some words. Changes nothing.
--
-- KEYS  1 the queue
-- ARGV  1 "left" | "right": the end it counts from   2 how many entries from there are passed over
--       3 at most so many entries are looked at   4 and about so many bytes   5… words; without any all entries are meant
-- Returns { entries looked at, 1 if the queue ends there or else 0, { how far from that end, payload, … } }
--
-- A word is compared byte by byte with the whole text of a job: whoever asks decides what it means there.
local queue, is_left = KEYS[1], ARGV[1] == 'left'
local start, most, bytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function is_meant(payload)
  if #ARGV == 4 then return true end
  for index = 5, #ARGV do
    if string.find(payload, ARGV[index], 1, true) then return true end
  end
  return false
end

local looked, read, step, found = 0, 0, 16, {}
while looked < most and read < bytes do
  local count = math.min(step, most - looked)
  local first = start + looked
  local payloads
  if is_left then
    payloads = redis.call('LRANGE', queue, first, first + count - 1)
  else
    payloads = redis.call('LRANGE', queue, -(first + count), -(first + 1))
  end
  for number = 1, #payloads do
    local payload = payloads[is_left and number or #payloads + 1 - number]
    read = read + #payload
    if is_meant(payload) then
      found[#found + 1] = first + number - 1
      found[#found + 1] = payload
    end
  end
  looked = looked + #payloads
  if #payloads < count then return { looked, 1, found } end
  -- Large payloads are read one by one, so that little is read beyond what may be.
  step = math.max(1, math.min(100, math.floor((bytes - read) * looked / (read + 1))))
end
return { looked, 0, found }
