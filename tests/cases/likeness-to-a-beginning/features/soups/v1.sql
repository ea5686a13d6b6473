-- @entity guest
SELECT guest, id, dish LIKE 'суп_с%' AS with_something
FROM orders
WHERE dish LIKE 'суп%ом'
