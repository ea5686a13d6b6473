SELECT slot, count(*) AS n FROM bookings GROUP BY slot
