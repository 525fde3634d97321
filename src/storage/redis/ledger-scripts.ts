/**
 * The Lua of the ledger: each script is one atomic step.
 *
 *     <prefix>entry:<digest>   hash: digest size repository lane state offset attempts seq
 *                              [holder] [reason] [next]
 *     <prefix>ready:<lane>     sorted set of digests by `seq`, the order in which they came
 *     <prefix>later            sorted set of digests by the time (ms) when a lease or pause ends
 *     <prefix>counts           hash: seq bytes lane:<lane> state:<state> filled
 *
 * An entry is in `ready` or in `later`, never in both. KEYS[1] is `counts`, which carries the hash
 * tag of the site, so that all keys lie in one slot of a cluster; KEYS[2] is the prefix.
 */

/** What all scripts share. Lua arrays count from 1. */
const COMMON = `
local counts, prefix = KEYS[1], KEYS[2]
local LANES = { 'demand', 'fresh', 'backfill' }
local RANK = { demand = 1, fresh = 2, backfill = 3 }
local later = prefix .. 'later'
local function entry(digest) return prefix .. 'entry:' .. digest end
local function ready(lane) return prefix .. 'ready:' .. lane end
local function count(what, by) redis.call('HINCRBY', counts, what, by) end
local function turn(key, state)
  count('state:' .. redis.call('HGET', key, 'state'), -1)
  count('state:' .. state, 1)
  redis.call('HSET', key, 'state', state)
end
local function held(key, holder) return redis.call('HGET', key, 'holder') == holder end
`;

/** ARGV: digest, size, repository, lane; any number of times. */
export const WANT = `${COMMON}
for i = 1, #ARGV, 4 do
  local digest, size, repository, lane = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local key = entry(digest)
  local old = redis.call('HGET', key, 'lane')
  if not old then
    local seq = redis.call('HINCRBY', counts, 'seq', 1)
    redis.call('HSET', key, 'digest', digest, 'size', size, 'repository', repository,
      'lane', lane, 'state', 'wanted', 'offset', 0, 'attempts', 0, 'seq', seq)
    redis.call('ZADD', ready(lane), seq, digest)
    count('lane:' .. lane, 1)
    count('state:wanted', 1)
    count('bytes', size)
  elseif RANK[lane] < RANK[old] then
    if redis.call('ZREM', ready(old), digest) == 1 then
      redis.call('ZADD', ready(lane), redis.call('HGET', key, 'seq'), digest)
    end
    redis.call('HSET', key, 'lane', lane)
    count('lane:' .. old, -1)
    count('lane:' .. lane, 1)
  end
end
`;

/** ARGV: holder, now, leaseUntil. Wakes at most 100 at a time, so that no claim takes long. */
export const CLAIM = `${COMMON}
local due = redis.call('ZRANGEBYSCORE', later, '-inf', ARGV[2], 'LIMIT', 0, 100)
for _, digest in ipairs(due) do
  local key = entry(digest)
  redis.call('ZREM', later, digest)
  if redis.call('HGET', key, 'state') == 'transferring' then turn(key, 'wanted') end
  redis.call('HDEL', key, 'holder', 'next')
  redis.call('ZADD', ready(redis.call('HGET', key, 'lane')), redis.call('HGET', key, 'seq'), digest)
end
for _, lane in ipairs(LANES) do
  local first = redis.call('ZPOPMIN', ready(lane))
  if first[1] then
    local key = entry(first[1])
    redis.call('ZADD', later, ARGV[3], first[1])
    turn(key, 'transferring')
    redis.call('HSET', key, 'holder', ARGV[1])
    redis.call('HINCRBY', key, 'attempts', 1)
    return redis.call('HGETALL', key)
  end
end
return {}
`;

/** ARGV: digest, holder, leaseUntil, offset. */
export const ADVANCE = `${COMMON}
local key = entry(ARGV[1])
if not held(key, ARGV[2]) then return 0 end
redis.call('HSET', key, 'offset', ARGV[4])
redis.call('ZADD', later, ARGV[3], ARGV[1])
return 1
`;

/** ARGV: digest. */
export const SETTLE = `${COMMON}
local key = entry(ARGV[1])
local lane = redis.call('HGET', key, 'lane')
if not lane then return end
redis.call('ZREM', ready(lane), ARGV[1])
redis.call('ZREM', later, ARGV[1])
count('lane:' .. lane, -1)
count('state:' .. redis.call('HGET', key, 'state'), -1)
count('bytes', -redis.call('HGET', key, 'size'))
redis.call('DEL', key)
`;

/** ARGV: digest, holder, reason, retryAt. */
export const FAIL = `${COMMON}
local key = entry(ARGV[1])
if not held(key, ARGV[2]) then return 0 end
turn(key, 'failed')
redis.call('HSET', key, 'reason', ARGV[3], 'next', ARGV[4])
redis.call('HDEL', key, 'holder')
redis.call('ZADD', later, ARGV[4], ARGV[1])
return 1
`;
