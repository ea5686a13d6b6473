SELECT r.slot, a.n, b.n AS others
FROM slot_request r
LEFT JOIN slots_v1 a ON a.slot = r.slot
LEFT JOIN slots_v1 b ON b.slot = r.other
