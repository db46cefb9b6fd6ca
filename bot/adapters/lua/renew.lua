-- Hold a job for another full lease time, also when the lease ran out and nobody took the job.
-- KEYS: job, lease. ARGV: owner, fence, lease time in ms. Returns 1, or 0 when another worker holds the job.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
return 1
