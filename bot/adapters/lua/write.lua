-- Write fields of a job for the worker that holds it, with an entry in its history.
-- KEYS: job, history. ARGV: fence, event as JSON ('' for none), then field, value, field, value ...
-- Returns 1, or 0 when another worker holds the job.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return 0
end
if #ARGV > 2 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 3))
end
if ARGV[2] ~= '' then
  local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
  redis.call('XADD', KEYS[2], '*', 'version', version, 'event', ARGV[2])
end
return 1
