SELECT guest, count(*) AS orders
FROM orders
WHERE dish NOT LIKE 'суп%ом' AND dish NOT LIKE 'タ_'
GROUP BY guest
HAVING max(dish) LIKE 'суп_%' OR min(dish) LIKE 'ÿ%a'
