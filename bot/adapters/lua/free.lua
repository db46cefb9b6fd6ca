-- Let go of every name that a job holds. KEYS: names. ARGV: job.
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if string.match(held[i + 1], '^(%S+) ') == ARGV[1] then
    redis.call('HDEL', KEYS[1], held[i])
  end
end
