-- Take the right to work on a job.
-- KEYS: job, lease. ARGV: owner, lease time in ms.
-- Returns {fence} with the job now held, {-ms} with the time the present holder has left, or {} when there is no such job.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {}
end
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return { -math.max(redis.call('PTTL', KEYS[2]), 1) }
end
return { redis.call('HINCRBY', KEYS[1], 'fence', 1) }
