-- Hold names for a job, all or none.
-- KEYS: names, a hash of name to "job time". ARGV: job, time in seconds, then the names.
-- Returns {} when all are held now, else name, job, time, name, job, time ... of those that another job holds.
local taken = {}
for i = 3, #ARGV do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if held then
    local job, since = string.match(held, '^(%S+) (%S+)$')
    if job ~= ARGV[1] then
      taken[#taken + 1] = ARGV[i]
      taken[#taken + 1] = job
      taken[#taken + 1] = since
    end
  end
end
if #taken == 0 then
  for i = 3, #ARGV do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[1] .. ' ' .. ARGV[2])
  end
end
return taken
