-- Let go of a job, unless something reached it that its worker has not seen.
-- KEYS: job, lease. ARGV: fence, signals seen ('' lets go in any case).
-- Returns 1 when let go, 0 when there is something new, -1 when another worker holds the job.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return -1
end
if ARGV[2] ~= '' then
  if redis.call('HGET', KEYS[1], 'signals') ~= ARGV[2] then
    return 0
  end
  redis.call('HSET', KEYS[1], 'seen_signals', ARGV[2])
end
redis.call('DEL', KEYS[2])
return 1
