-- Hand out jobs that should have been looked at by now, each to one of all who ask at the same moment.
-- KEYS: index of jobs by the time of their next look. ARGV: now, time at which they are due again, how many at most.
-- Returns the jobs.
local ids = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do
  redis.call('ZADD', KEYS[1], 'XX', ARGV[2], id)
end
return ids
