-- Add lines to the audit chain, if it still ends where they were linked to.
-- KEYS: end, lines, versions recorded by job. ARGV: number and hash of the end as read, job ('' for none),
-- then, to add: hash of the new end, version of the job after it ('0' for none), and the lines.
-- Returns {} when they were added, else {number, hash, version recorded of the job} as they are now.
local found = redis.call('HMGET', KEYS[1], 'number', 'hash')
local number, hash = found[1] or '0', found[2] or ''
if number ~= ARGV[1] or hash ~= ARGV[2] or #ARGV == 3 then
  return { number, hash, redis.call('HGET', KEYS[3], ARGV[3]) or '0' }
end
for i = 6, #ARGV do
  number = string.format('%d', number + 1)
  redis.call('XADD', KEYS[2], number .. '-0', 'line', ARGV[i])
end
redis.call('HSET', KEYS[1], 'number', number, 'hash', ARGV[4])
if ARGV[5] ~= '0' then
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[5])
end
return {}
