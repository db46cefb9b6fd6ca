-- Store a new job. KEYS: job, history. ARGV: event as JSON, then field, value ...
-- Returns 1, or 0 when the job exists.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'version', 1, 'signals', 0, 'seen_signals', 0, 'fence', 0, 'audited_version', 0, unpack(ARGV, 2))
redis.call('XADD', KEYS[2], '*', 'version', 1, 'event', ARGV[1])
return 1
