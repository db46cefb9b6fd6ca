-- Count one more. KEYS: counter. ARGV: how long it counts from the first on, in ms. Returns the number.
local number = redis.call('INCR', KEYS[1])
if number == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return number
