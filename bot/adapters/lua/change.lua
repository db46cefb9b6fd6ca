-- Change a job from outside of its worker, if it still is as it was read.
-- KEYS: job, history. ARGV: version as read, event as JSON ('' for none), then field, value ...
-- Returns 1, or 0 when the job has changed since.
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then
  return 0
end
if #ARGV > 2 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 3))
end
redis.call('HINCRBY', KEYS[1], 'signals', 1)
if ARGV[2] ~= '' then
  local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
  redis.call('XADD', KEYS[2], '*', 'version', version, 'event', ARGV[2])
end
return 1
