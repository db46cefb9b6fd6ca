-- Remove a job that ended, unless something happened to it since, somebody is at work on it, or the audit lacks some
-- of it; a job without a mark is older than the audit.
-- KEYS: job, history, lease. ARGV: state and time of its end as read. Returns 1, or 0 when it stays.
if redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end
local found = redis.call('HMGET', KEYS[1], 'state', 'finished_at', 'version', 'audited_version')
if found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then
  return 0
end
if found[4] and found[3] ~= found[4] then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
return 1
