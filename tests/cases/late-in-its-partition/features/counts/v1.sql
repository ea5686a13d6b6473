SELECT shard, count(*) AS c, sum(n) AS total FROM events GROUP BY shard
