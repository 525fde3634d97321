/**
 * The Lua of the ledger: each script is one atomic step.
 *
 *     <prefix>entry:<digest>   hash: digest size repository lane since state offset attempts seq
 *                              [holder] [reason] [message] [next]
 *     <prefix>ready:<lane>     sorted set of digests by `seq`, the order in which they came
 *     <prefix>later            sorted set of digests by the time (ms) when a lease or pause ends
 *     <prefix>since            sorted set of all digests by their `since` (ms)
 *     <prefix>failures         sorted set of the digests that failed last, by name
 *     <prefix>counts           hash: seq bytes staged settled:bytes settled:objects lane:<lane>
 *                              state:<state> filled (0 while it is being filled, 1 then)
 *
 * An entry is in `ready` or in `later`, never in both. KEYS[1] is `counts`, which carries the hash
 * tag of the site, so that all keys lie in one slot of a cluster; KEYS[2] is the prefix.
 */

/** What all scripts share. Lua arrays count from 1. */
const COMMON = `
local counts, prefix = KEYS[1], KEYS[2]
local RANK = { demand = 1, fresh = 2, backfill = 3 }
local later = prefix .. 'later'
local since, failures = prefix .. 'since', prefix .. 'failures'
local function entry(digest) return prefix .. 'entry:' .. digest end
local function ready(lane) return prefix .. 'ready:' .. lane end
local function count(what, by) redis.call('HINCRBY', counts, what, by) end
local function turn(key, state)
  count('state:' .. redis.call('HGET', key, 'state'), -1)
  count('state:' .. state, 1)
  local digest = redis.call('HGET', key, 'digest')
  if state == 'failed' then redis.call('ZADD', failures, 0, digest)
  else redis.call('ZREM', failures, digest) end
  redis.call('HSET', key, 'state', state)
end
local function held(key, holder) return redis.call('HGET', key, 'holder') == holder end
`;

/** ARGV: digest, size, repository, lane, since; any number of times. */
export const WANT = `${COMMON}
for i = 1, #ARGV, 5 do
  local digest, size, repository, lane, at = unpack(ARGV, i, i + 4)
  local key = entry(digest)
  local old = redis.call('HGET', key, 'lane')
  if not old then
    local seq = redis.call('HINCRBY', counts, 'seq', 1)
    redis.call('HSET', key, 'digest', digest, 'size', size, 'repository', repository,
      'lane', lane, 'since', at, 'state', 'wanted', 'offset', 0, 'attempts', 0, 'seq', seq)
    redis.call('ZADD', ready(lane), seq, digest)
    redis.call('ZADD', since, at, digest)
    count('lane:' .. lane, 1)
    count('state:wanted', 1)
    count('bytes', size)
  elseif tonumber(at) < tonumber(redis.call('HGET', key, 'since')) then
    redis.call('HSET', key, 'since', at)
    redis.call('ZADD', since, at, digest)
  end
  if old and RANK[lane] < RANK[old] then
    if redis.call('ZREM', ready(old), digest) == 1 then
      redis.call('ZADD', ready(lane), redis.call('HGET', key, 'seq'), digest)
    end
    redis.call('HSET', key, 'lane', lane)
    count('lane:' .. old, -1)
    count('lane:' .. lane, 1)
  end
end
`;

/** ARGV: holder, now, leaseUntil, lanes … Wakes at most 100 at a time: no claim takes long. */
export const CLAIM = `${COMMON}
local due = redis.call('ZRANGEBYSCORE', later, '-inf', ARGV[2], 'LIMIT', 0, 100)
for _, digest in ipairs(due) do
  local key = entry(digest)
  redis.call('ZREM', later, digest)
  if redis.call('HGET', key, 'state') == 'transferring' then turn(key, 'wanted') end
  redis.call('HDEL', key, 'holder', 'next')
  redis.call('ZADD', ready(redis.call('HGET', key, 'lane')), redis.call('HGET', key, 'seq'), digest)
end
for i = 4, #ARGV do
  local lane = ARGV[i]
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
count('staged', ARGV[4] - redis.call('HGET', key, 'offset'))
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
for _, set in ipairs({ later, since, failures }) do redis.call('ZREM', set, ARGV[1]) end
count('lane:' .. lane, -1)
count('state:' .. redis.call('HGET', key, 'state'), -1)
count('bytes', 0 - redis.call('HGET', key, 'size'))
count('staged', 0 - redis.call('HGET', key, 'offset'))
count('settled:bytes', redis.call('HGET', key, 'size'))
count('settled:objects', 1)
redis.call('DEL', key)
`;

/** ARGV: digest, holder, reason, retryAt, message. */
export const FAIL = `${COMMON}
local key = entry(ARGV[1])
if not held(key, ARGV[2]) then return 0 end
turn(key, 'failed')
redis.call('HSET', key, 'reason', ARGV[3], 'next', ARGV[4], 'message', ARGV[5])
redis.call('HDEL', key, 'holder')
redis.call('ZADD', later, ARGV[4], ARGV[1])
return 1
`;

/** ARGV: 0 as filling begins, 1 when it is done: for nothing where all was lost in between. */
export const FILLING = `${COMMON}
if ARGV[1] == '1' and redis.call('HEXISTS', counts, 'filled') == 0 then return 0 end
redis.call('HSET', counts, 'filled', ARGV[1])
return tonumber(ARGV[1])
`;

/** ARGV: first digest as a bound of ZRANGEBYLEX, limit. Gives the fields of each, as a list. */
export const LIST_FAILURES = `${COMMON}
local found = {}
local digests = redis.call('ZRANGEBYLEX', failures, ARGV[1], '+', 'LIMIT', 0, ARGV[2])
for i, digest in ipairs(digests) do found[i] = redis.call('HGETALL', entry(digest)) end
return found
`;

/** Gives all counts and, as one more, `oldest`. */
export const STATUS = `${COMMON}
local status = redis.call('HGETALL', counts)
local oldest = redis.call('ZRANGE', since, 0, 0, 'WITHSCORES')
if oldest[1] then
  status[#status + 1] = 'oldest'
  status[#status + 1] = oldest[2]
end
return status
`;
